// The words that fact names are judged by, in lower case. Each list is written once and read
// twice: by fact-name.ts at run time and by fact-name-type.ts in the type system.

/** Verbs whose past is not `-ed`: `base past`, or `base past participle` where these differ. */
export const irregularVerbs = [
  'arise arose arisen, awake awoke awoken, be been, bear borne, beat beaten',
  'become became become, befall befell befallen, beget begotten, begin began begun',
  'behold beheld, bend bent, bereave bereft, beset beset, bet bet, bid bid, bind bound',
  'bite bit bitten, bleed bled, blow blew blown, break broke broken, breed bred',
  'bring brought, broadcast broadcast, browbeat browbeaten, build built, burst burst',
  'buy bought, cast cast, catch caught, choose chose chosen, cling clung, come came come',
  'cost cost, creep crept, cut cut, deal dealt, dig dug, do did done, draw drew drawn',
  'drink drank drunk, drive drove driven, dwell dwelt, eat ate eaten, fall fell fallen',
  'feed fed, feel felt, fight fought, find found, flee fled, fling flung, fly flew flown',
  'forbid forbade forbidden, forecast forecast, forego forewent foregone',
  'foresee foresaw foreseen, foretell foretold, forget forgot forgotten',
  'forgive forgave forgiven, forgo forwent forgone, forsake forsook forsaken',
  'freeze froze frozen, get got, gild gilt, give gave given, go went gone, grind ground',
  'grow grew grown, hang hung, have had, hear heard, hew hewn, hide hid hidden, hit hit',
  'hold held, hurt hurt, inlay inlaid, input input, inset inset',
  'interweave interwove interwoven, keep kept, kneel knelt, knit knit, know knew known',
  'lay laid, lead led, leave left, lend lent, let let, lie lain, light lit, lose lost',
  'make made, mean meant, meet met, miscast miscast, mishear misheard, mislay mislaid',
  'mislead misled, misread misread, misspend misspent, mistake mistook mistaken',
  'misunderstand misunderstood, mow mown, offset offset, outbid outbid, outdo outdid outdone',
  'outdraw outdrawn, outgrow outgrew outgrown, outrun outran outrun, outsell outsold',
  'outspend outspent, overbuild overbuilt, overbuy overbought, overcome overcame overcome',
  'overdo overdid overdone, overdraw overdrew overdrawn, overdrive overdriven',
  'overeat overate overeaten, overfeed overfed, overgrow overgrown, overhang overhung',
  'overhear overheard, overlay overlaid, overpay overpaid, override overrode overridden',
  'overrun overran overrun, oversee oversaw overseen, oversell oversold, overshoot overshot',
  'oversleep overslept, overspend overspent, overtake overtook overtaken',
  'overthrow overthrew overthrown, overwrite overwrote overwritten, partake partook partaken',
  'pay paid, prepay prepaid, preset preset, proofread proofread, put put, quit quit',
  'read read, rebid rebid, rebind rebound, rebroadcast rebroadcast, rebuild rebuilt',
  'rebuy rebought, recast recast, recut recut, redo redid redone, redraw redrew redrawn',
  'reforecast reforecast, regrind reground, regrow regrew regrown, rehang rehung',
  'rehear reheard, relight relit, remake remade, rend rent, repay repaid, rerun reran rerun',
  'resell resold, resend resent, reset reset, resit resat, resplit resplit',
  'retake retook retaken, reteach retaught, retell retold, rethink rethought, rewind rewound',
  'rewrite rewrote rewritten, rid rid, ride rode ridden, ring rang rung, rise rose risen',
  'run ran run, say said, see saw seen, seek sought, sell sold, send sent, set set, sew sewn',
  'shake shook shaken, shear shorn, shed shed, shine shone, shoot shot, show shown',
  'shrink shrank shrunk, shut shut, sing sang sung, sink sank sunk, sit sat, slay slew slain',
  'sleep slept, slide slid, sling slung, slit slit, smite smote smitten, sow sown',
  'speak spoke spoken, speed sped, spend spent, spin spun, spit spat, split split',
  'spread spread, spring sprang sprung, stand stood, steal stole stolen, stick stuck',
  'sting stung, stink stank stunk, stride strode stridden, strike struck stricken',
  'string strung, strive strove striven, sublet sublet, swear swore sworn, sweep swept',
  'swell swollen, swim swam swum, swing swung, take took taken, teach taught, tear tore torn',
  'tell told, think thought, throw threw thrown, thrust thrust, tread trod trodden',
  'typecast typecast, typeset typeset, unbend unbent, unbind unbound, underbid underbid',
  'undercut undercut, undergo underwent undergone, underlie underlain, underpay underpaid',
  'undersell undersold, undershoot undershot, underspend underspent, understand understood',
  'undertake undertook undertaken, underwrite underwrote underwritten, undo undid undone',
  'unfreeze unfroze unfrozen, unhide unhidden, unmake unmade, unstick unstuck, unwind unwound',
  'uphold upheld, upsell upsold, upset upset, wake woke woken, waylay waylaid, wear wore worn',
  'weave wove woven, wed wed, weep wept, wet wet, win won, wind wound',
  'withdraw withdrew withdrawn, withhold withheld, withstand withstood, wring wrung',
  'write wrote written',
] as const;

/** Second participles of verbs that the other lists conjugate with `-ed`, or otherwise. */
export const otherParticiples = [
  'clad leant leapt burnt dreamt learnt misspelt shaven smelt spelt spilt spoilt proven',
  'gotten',
] as const;

/** Verbs that double their last letter in front of `-ed`. */
export const doublingVerbs = [
  'abet abhor acquit admit allot annul backlog ban bar beg blog blot bug cancel cap chat chip',
  'chop clip commit compel confer control crop dam debug defer deter dial dim dip dot drag',
  'drop dub emit enrol equip excel expel fan fit flag flip flop fulfil gap gel grab grin grip',
  'hop hotswap incur infer jam jog jot knot label lag level log map model mop net nod occur',
  'omit opt outfit pad pan pat patrol permit pin plan plot plug pop prefer prep prod prop',
  'propel quiz rap rebut recap recommit recur refer refit relabel remap remit repel reship',
  'resubmit rig rip rob rot rub sag scan scar scrap scrub ship shop shovel signal skip slam',
  'slap slip slot snap spam spot stem step stir stop strap strip submit sum swap tab tag tap',
  'tip top total transfer transmit trap travel trim trip tunnel unban uncap unflag unmap',
  'unpin unplug untag unwrap unzip vet wrap zip',
] as const;

/** The commonest verbs of commands that are regular and no nouns. */
export const regularVerbs = [
  'abort accept acknowledge acquire activate adapt add adjust adopt advance aggregate',
  'allocate allow analyze announce append apply appoint approve archive arrange ask assemble',
  'assess assign attach attempt authenticate authorize award boost calculate capture',
  'categorize celebrate certify classify clean clear clone close collect combine compare',
  'compile complete compress compute confirm connect consume continue convert correct create',
  'decide declare decline decommission decrease decrypt deduct define delegate delete deliver',
  'demote deny deploy deprecate derive describe destroy detach detect determine develop',
  'disable discard disconnect discover dismiss dispatch display distribute divide download',
  'duplicate earn edit elect enable encrypt endorse engage enlist enrich enroll ensure enter',
  'escalate establish evaluate examine exclude execute exempt expand expect expire explain',
  'expose extend extract fail favorite fetch fill finalize finish fix follow free freshen',
  'gather generate grant handle happen hire identify ignore improve include inform initialize',
  'initiate insert inspect install insure integrate introduce invalidate investigate invite',
  'invoke involve isolate join jump justify kick kill last launch like liquidate listen live',
  'locate love lower maintain manage manufacture migrate miss modify mount mute negotiate',
  'normalize notify obtain open operate optimize organize overflow parse perform persist pick',
  'place pledge prepare preserve prevent procure promote propose protect provide provision',
  'publish purge qualify raise reactivate realize reassign rebalance receive recharge',
  'recognize recommend reconcile recover rectify recycle redeem redirect reduce refresh',
  'refuse regenerate register reinstate reject remain remember remind remove rename render',
  'renew reopen reorder repeat replace replay replenish republish require reschedule reshape',
  'resize resolve respond restart restock restore restrict resume retire retrieve retry',
  'reverse revert revise revoke rotate sanction satisfy save schedule secure seem select',
  'separate serve settle shorten sign simulate spawn specify stay subscribe substitute',
  'suggest suspend sync synchronize talk terminate thank tokenize transcribe transform',
  'translate truncate unarchive unassign unblock uninstall unlink unlock unmount unpack',
  'unpublish unregister unsubscribe update use validate verify want warn',
] as const;

/** Verbs of any kind that are nouns as well: `ReportRead` is a fact, `PlaceBid` is a command. */
export const nounVerbs = [
  'address alert bill block book call change charge check claim click contact control copy',
  'cost count credit debit delay deposit dispute drop email end estimate exchange export fax',
  'file filter flag force form format forward fund guarantee help host import increase index',
  'input invoice issue label lease level limit link list load lock log look map mark market',
  'match measure merge message model monitor move name need net note offer order pack park',
  'pass patch pause phone pin plan play plot post present press price print process produce',
  'program promise pull purchase push query queue quote rank rate reach read record refund',
  'release reload rent repair reply report request reserve return review reward roll route',
  'sample scan score screen seal search share shift shop signal sort source sponsor stage',
  'stamp start step stop store stream supply support swap switch tag target test text ticket',
  'total touch trace track trade train transfer transport travel treat trigger trip try turn',
  'upgrade upload value view visit void vote wait walk watch work wrap',
] as const;

/** Words in `-ed` that are no participles. Those in `-eed` are none either, save the next list. */
export const notParticiples = [
  'bed beloved biped bobsled crooked dogged embed flatbed hatred hotbed hundred imbed',
  'infrared jagged kindred med moped naked quadruped ragged red riverbed roadbed rugged',
  'sacred seabed sled ted testbed truckbed wicked wretched',
] as const;

/** Participles in `-eed`. */
export const eedParticiples = ['agreed decreed disagreed freed guaranteed refereed'] as const;

/** Adverbs that belong to a verb: `SignUpUser` becomes `UserSignedUp`. */
export const particles = [
  'up in out on off over down back away through apart together aside along around again',
] as const;

/** What else may follow a participle: `ItemAddedToCart`. */
export const prepositions = [
  'to from into onto by with without for at as of under against between within due since',
  'until because after before via',
] as const;
