// The words that fact names are judged by, in lower case. Each list is written once and read
// twice: by fact-name.ts at run time and by fact-name-type.ts in the type system. They ship
// with every producer, so that a verb's forms are derived where a rule gives them: most
// participles in `-ed`, and `rebuilt`, `overpaid` and `withdrawn` from their stems.

/** Verbs whose past is not `-ed`: `base past`, or `base past participle` where these differ. */
export const irregularVerbs = [
  'arise arose arisen, be been, bear borne, beat beaten, become became become',
  'begin began begun, bend bent, bet bet, bid bid, bind bound, bite bit bitten, blow blew blown',
  'break broke broken, bring brought, broadcast broadcast, build built, burst burst, buy bought',
  'cast cast, catch caught, choose chose chosen, come came come, cost cost, creep crept',
  'cut cut, deal dealt, dig dug, do did done, draw drew drawn, drink drank drunk',
  'drive drove driven, eat ate eaten, fall fell fallen, feed fed, feel felt, fight fought',
  'find found, fly flew flown, forbid forbade forbidden, forecast forecast',
  'forget forgot forgotten, forgive forgave forgiven, freeze froze frozen, get got',
  'give gave given, go went gone, grow grew grown, hang hung, have had, hear heard',
  'hide hid hidden, hit hit, hold held, hurt hurt, input input, keep kept, know knew known',
  'lay laid, lead led, leave left, lend lent, let let, light lit, lose lost, make made',
  'mean meant, meet met, offset offset, pay paid, put put, quit quit, read read',
  'ride rode ridden, ring rang rung, rise rose risen, run ran run, say said, see saw seen',
  'seek sought, sell sold, send sent, set set, shake shook shaken, shed shed, shine shone',
  'shoot shot, show shown, shrink shrank shrunk, shut shut, sing sang sung, sink sank sunk',
  'sit sat, sleep slept, slide slid, speak spoke spoken, spend spent, spin spun, split split',
  'spread spread, spring sprang sprung, stand stood, steal stole stolen, stick stuck',
  'strike struck stricken, string strung, swear swore sworn, sweep swept, swim swam swum',
  'swing swung, take took taken, teach taught, tear tore torn, tell told, think thought',
  'throw threw thrown, typeset typeset, wear wore worn, weave wove woven, win won, wind wound',
  'write wrote written',
] as const;

/** Irregular participles of rarer verbs, and second ones of verbs that take `-ed`. */
export const otherPasts = [
  'awoken befallen begotten bereft beset bled bred burnt clad clung dreamt dwelt fled flung',
  'forsaken gotten hewn inlaid interwoven knelt knit lain leant leapt learnt misunderstood mown',
  'partaken proofread proven rid sewn shaven shorn slain slung slit smelt smitten sown sped',
  'spelt spilt spoilt stung stunk striven swollen thrust trodden waylaid wed wept wet woken',
  'wrung',
] as const;

/** What a verb may begin with and be conjugated like the rest of it: `overpay`, `unzip`. */
export const verbPrefixes = ['fore mis out over pre re un under up with'] as const;

/** Verbs that double their last letter in front of `-ed`. */
export const doublingVerbs = [
  'admit allot ban cancel chat chip clip commit control debug defer drop embed emit equip expel',
  'fulfil grab label log map nod occur omit opt permit pin plan plug prefer quiz refer rob scan',
  'scrap ship shop skip slip stop strip submit swap tag tap tip total transfer transmit travel',
  'trim trip wrap zip',
] as const;

/** The commonest verbs of commands that are regular and no nouns. */
export const regularVerbs = [
  'abort accept acknowledge acquire activate add adjust agree allocate allow announce appear',
  'apply approve archive ask assemble assign attach attempt authenticate believe calculate',
  'capture clear close collect compare compile complete compute configure confirm connect',
  'consider consume continue convert correct create decide decline decrease deduct define',
  'delete deliver deny deploy describe destroy detect develop die disable discard discover',
  'dismiss dispatch distribute divide download edit enable encrypt enroll enter escalate',
  'evaluate exceed execute expect expire extend extract fail fetch finish follow gather',
  'generate handle happen hire include inform initiate insert install invalidate invite invoke',
  'join kill launch learn like live love manage migrate mount negotiate obtain open operate',
  'perform place prepare proceed produce protect provide provision publish pull purge raise',
  'reach receive recommend reconcile redeem redirect reduce register reject remain remember',
  'remove rename renew replace require resolve respond restore restrict resume retire retrieve',
  'revert revise revoke save seem select serve settle sign stay subscribe succeed suggest',
  'suspend talk terminate thank transform try update use validate void want',
] as const;

/** Verbs of any kind that are nouns as well: `ReportRead` is a fact, `PlaceBid` is a command. */
export const nounVerbs = [
  'access address alert answer award bid bill block book broadcast call change charge check',
  'claim click contact copy cost count credit debit delay deposit dispute drop email end',
  'estimate exchange export file filter flag forecast forward grant help hold host import',
  'increase index input invoice issue label limit link list load lock log look map mark match',
  'measure merge message monitor move name need note offer offset pack park pass pause phone',
  'pin plan play post present press print process promise purchase push query queue quote rank',
  'rate record refund release rent repair reply report request reserve return review reward',
  'roll route scan schedule score search share sort split start step stop store stream support',
  'swap switch tag target test text total trace track trade transfer transport travel trigger',
  'trip turn upgrade upload view visit vote wait walk watch work',
] as const;

/** Words that only look like participles. Those in `-eed` are none either, save the next list. */
export const notParticiples = [
  'bed beloved biped crooked embed flatbed hatred hotbed hundred imbed infrared kindred med',
  'moped naked outbound outburst outcast outcome outlet output outset quadruped ragged red',
  'relent riverbed roadbed rugged sacred seabed sled ted testbed wicked wretched',
] as const;

/** Participles in `-eed`. */
export const eedParticiples = ['agreed decreed disagreed freed guaranteed refereed'] as const;

/** Adverbs that belong to a verb: `SignUpUser` becomes `UserSignedUp`. */
export const particles = [
  'up in out on off over down back away through apart together aside along around again',
] as const;

/** What else may follow a participle: `ItemAddedToCart`. */
export const prepositions = [
  'to from into onto by with without for at as of under against between within due since until',
  'because after before via',
] as const;
