import type { CheckedName } from './fact-name-type.ts';

// The tables that hold the compiler's rule and run time's rule to the same answers:
// fact-name.test.ts reads them as values, the assertions below read them as types.

type Equal<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
type Holds<Assertion extends true> = Assertion;

/** Names that are facts. */
export const facts = [
  'OrderPlaced',
  'order.placed',
  'order-placed',
  'order_placed',
  'com.acme.order.placed',
  'Order Placed',
  'Placed',
  'InvoiceSent',
  'InvoicePaid',
  'MeetingBegun',
  'MeetingBegan',
  'OfferWithdrawn',
  'PriceOverridden',
  'PasswordReset',
  'BidPlaced',
  'BidOutbid',
  'UserSignedUp',
  'user.signed.up',
  'UserLoggedIn',
  'PaymentTimedOut',
  'ItemAddedToCart',
  'MoneyTransferredFromAccount',
  'PaymentFailedPermanently',
  'ContractAgreed',
  'ResourceFreed',
  'LoanGuaranteed',
  'ReportRead',
  'MessageRead',
  'KYCApproved',
  'PDFGenerated',
  'IPV6Enabled',
  'Oauth2AccountLinked',
  'UpdateFailed',
  'DeleteRequested',
  'AddressChanged',
  'ReturnRefused',
] as const;

/** Irregular participles, each of which makes a fact. */
export const irregularParticiples = [
  'arisen awoken been beaten become befallen begotten begun bent bereft beset bet bid bitten',
  'bled blown borne bought bound bred broken broadcast brought built burnt burst cast caught',
  'chosen clad clung come cost crept cut dealt done drawn dreamt driven drunk dug dwelt eaten',
  'fallen fed felt flown flung forbidden forecast foreseen foretold forgiven forgotten forsaken',
  'fought found frozen fled given gone gotten grown had heard held hewn hidden hit hung hurt',
  'inlaid input interwoven kept knelt knit known laid lain leant leapt learnt led left lent let',
  'lit lost made meant met misheard misled misread misspent mistaken misunderstood mown offset',
  'outbid outdone outgrown outrun outsold outspent overcome overdone overdrawn overfed',
  'overheard overlaid overpaid overridden overrun overseen oversold overspent overtaken',
  'overthrown overwritten paid partaken prepaid preset proofread proven put quit read rebound',
  'rebuilt recast redone redrawn regrown reheard relit remade repaid rerun resent reset resold',
  'retaken retaught retold rethought rewound rewritten rid ridden risen run rung said sat seen',
  'sent set sewn shaken shaven shed shone shorn shot shown shrunk shut slain slept slid slit',
  'slung smelt smitten sold sought sown spelt spent spilt split spoilt spoken spread sprung',
  'spun stolen stood striven struck strung stuck stung stunk sung sunk swept swollen sworn swum',
  'swung taken taught thought thrown thrust told torn trodden typeset unbent unbound undercut',
  'undergone underpaid understood undertaken underwritten undone unfrozen unwound upheld upset',
  'woken worn wept wet withdrawn withheld withstood won wound woven wrung written',
] as const;

/** Commands of the commonest verbs, and the facts that they ask for. */
export const commands = {
  AbortUpload: 'UploadAborted',
  AcceptOffer: 'OfferAccepted',
  AcknowledgeAlert: 'AlertAcknowledged',
  ActivateAccount: 'AccountActivated',
  AddItem: 'ItemAdded',
  AdjustPrice: 'PriceAdjusted',
  AllocateStock: 'StockAllocated',
  AllowAccess: 'AccessAllowed',
  ApplyDiscount: 'DiscountApplied',
  ApproveLoan: 'LoanApproved',
  ArchiveDocument: 'DocumentArchived',
  AskQuestion: 'QuestionAsked',
  AssignTask: 'TaskAssigned',
  AttachFile: 'FileAttached',
  AuthorizePayment: 'PaymentAuthorized',
  BanUser: 'UserBanned',
  BeginMeeting: 'MeetingBegun',
  BillCustomer: 'CustomerBilled',
  BlockCard: 'CardBlocked',
  BookFlight: 'FlightBooked',
  BreakContract: 'ContractBroken',
  BringParcel: 'ParcelBrought',
  BuildImage: 'ImageBuilt',
  BuyTicket: 'TicketBought',
  CalculateTax: 'TaxCalculated',
  CallCustomer: 'CustomerCalled',
  CancelOrder: 'OrderCancelled',
  CaptureFunds: 'FundsCaptured',
  ChangePlan: 'PlanChanged',
  ChargeCard: 'CardCharged',
  CheckOutCart: 'CartCheckedOut',
  ChooseSeat: 'SeatChosen',
  ClaimReward: 'RewardClaimed',
  ClearCache: 'CacheCleared',
  CloseAccount: 'AccountClosed',
  CollectParcel: 'ParcelCollected',
  CommitBatch: 'BatchCommitted',
  CompleteTask: 'TaskCompleted',
  ConfigureDevice: 'DeviceConfigured',
  ConfirmBooking: 'BookingConfirmed',
  ConnectDevice: 'DeviceConnected',
  CopyDocument: 'DocumentCopied',
  CreateUser: 'UserCreated',
  CutPower: 'PowerCut',
  DeclineInvitation: 'InvitationDeclined',
  DeferPayment: 'PaymentDeferred',
  DeleteFile: 'FileDeleted',
  DeliverParcel: 'ParcelDelivered',
  DenyRequest: 'RequestDenied',
  DeployService: 'ServiceDeployed',
  DisableFeature: 'FeatureDisabled',
  DispatchCourier: 'CourierDispatched',
  DownloadReport: 'ReportDownloaded',
  DrawWinner: 'WinnerDrawn',
  DropTable: 'TableDropped',
  EditComment: 'CommentEdited',
  EmailCustomer: 'CustomerEmailed',
  EnableFeature: 'FeatureEnabled',
  EnrollStudent: 'StudentEnrolled',
  ExpireSession: 'SessionExpired',
  ExportData: 'DataExported',
  FindDriver: 'DriverFound',
  FinishJob: 'JobFinished',
  FlyDrone: 'DroneFlown',
  ForgetDevice: 'DeviceForgotten',
  FreezeAccount: 'AccountFrozen',
  GenerateInvoice: 'InvoiceGenerated',
  GetQuote: 'QuoteGot',
  GiveConsent: 'ConsentGiven',
  GrantRole: 'RoleGranted',
  HideComment: 'CommentHidden',
  HoldFunds: 'FundsHeld',
  ImportContacts: 'ContactsImported',
  IncreaseLimit: 'LimitIncreased',
  InviteGuest: 'GuestInvited',
  IssueCoupon: 'CouponIssued',
  JoinTeam: 'TeamJoined',
  KeepItem: 'ItemKept',
  LeaveTeam: 'TeamLeft',
  LendBook: 'BookLent',
  LinkAccount: 'AccountLinked',
  LockDoor: 'DoorLocked',
  LogInUser: 'UserLoggedIn',
  LoseParcel: 'ParcelLost',
  MakePayment: 'PaymentMade',
  MergeAccounts: 'AccountsMerged',
  MigrateTenant: 'TenantMigrated',
  ModifyOrder: 'OrderModified',
  MoveFile: 'FileMoved',
  NotifyCustomer: 'CustomerNotified',
  OpenTicket: 'TicketOpened',
  OverrideLimit: 'LimitOverridden',
  PackOrder: 'OrderPacked',
  PayInvoice: 'InvoicePaid',
  PlaceBid: 'BidPlaced',
  PlaceOrder: 'OrderPlaced',
  ProcessRefund: 'RefundProcessed',
  PublishArticle: 'ArticlePublished',
  PurchaseLicense: 'LicensePurchased',
  ReadMeter: 'MeterRead',
  RebuildIndex: 'IndexRebuilt',
  ReceiveGoods: 'GoodsReceived',
  RefundPayment: 'PaymentRefunded',
  RegisterDevice: 'DeviceRegistered',
  RejectClaim: 'ClaimRejected',
  ReleaseHold: 'HoldReleased',
  RemoveItem: 'ItemRemoved',
  RenameFolder: 'FolderRenamed',
  RenewLease: 'LeaseRenewed',
  ReplyCustomer: 'CustomerReplied',
  RequestPickup: 'PickupRequested',
  ResendInvoice: 'InvoiceResent',
  ReserveSeat: 'SeatReserved',
  ResetPassword: 'PasswordReset',
  RestartServer: 'ServerRestarted',
  RestoreBackup: 'BackupRestored',
  ReturnItem: 'ItemReturned',
  RevokeToken: 'TokenRevoked',
  RunReport: 'ReportRun',
  SaveDraft: 'DraftSaved',
  ScanBarcode: 'BarcodeScanned',
  ScheduleDelivery: 'DeliveryScheduled',
  SellAsset: 'AssetSold',
  SendInvoice: 'InvoiceSent',
  SetPrice: 'PriceSet',
  SettleTrade: 'TradeSettled',
  ShipOrder: 'OrderShipped',
  SignContract: 'ContractSigned',
  SignUpUser: 'UserSignedUp',
  SplitShipment: 'ShipmentSplit',
  StartTrial: 'TrialStarted',
  StopMachine: 'MachineStopped',
  SubmitForm: 'FormSubmitted',
  SubscribeUser: 'UserSubscribed',
  SuspendAccount: 'AccountSuspended',
  TagResource: 'ResourceTagged',
  TakePayment: 'PaymentTaken',
  TerminateLease: 'LeaseTerminated',
  TransferMoney: 'MoneyTransferred',
  TryPayment: 'PaymentTried',
  UndoChange: 'ChangeUndone',
  UnlockDoor: 'DoorUnlocked',
  UnsubscribeUser: 'UserUnsubscribed',
  UpdateProfile: 'ProfileUpdated',
  UploadPhoto: 'PhotoUploaded',
  UseCoupon: 'CouponUsed',
  ValidateAddress: 'AddressValidated',
  VerifyEmail: 'EmailVerified',
  VoidInvoice: 'InvoiceVoided',
  WinAuction: 'AuctionWon',
  WithdrawFunds: 'FundsWithdrawn',
  WriteReview: 'ReviewWritten',
  // Words in -ed that are no participles.
  DataFeed: 'DataFed',
  VideoEmbed: 'VideoEmbedded',
  PaymentProceed: 'PaymentProceeded',
  LimitExceed: 'LimitExceeded',
  JobSucceed: 'JobSucceeded',
  DeviceNeed: 'DeviceNeeded',
  // In other shapes.
  'place.order': 'order.placed',
  'order.place': 'order.placed',
  'place-order': 'order-placed',
  place_order: 'order_placed',
  'sign.up.user': 'user.signed.up',
  OrderShip: 'OrderShipped',
  UserSignUp: 'UserSignedUp',
  TokenizeCard: 'CardTokenized',
  ClassifyImage: 'ImageClassified',
  OrderPlacedEvent: 'OrderPlaced',
  Place: 'Placed',
} as const;

/** Names without a verb in the past, of which no fact can be guessed. */
export const noFacts = [
  'Order',
  'OrderData',
  'CustomerInfo',
  'TopSpeed',
  'FlowerSeed',
  'RapidBreed',
  'FirstHundred',
  'DataBed',
  'SacredRed',
  'TrafficOutbound',
  'OrderOutput',
  'PaymentOutcome',
  'OrderPlacement',
  'OrderPlacing',
  'order',
] as const;

/** Names that carry a version, and what they leave without it. */
export const versioned = {
  OrderPlacedV2: 'OrderPlaced',
  'OrderPlaced.v2': 'OrderPlaced',
  'order.placed.v12': 'order.placed',
  'order-placed-v1': 'order-placed',
  OrderPlaced_V1: 'OrderPlaced',
  'OrderPlacedV2.1': 'OrderPlaced',
  V2OrderPlaced: 'OrderPlaced',
  'v1.order.placed': 'order.placed',
  OrderV2Placed: 'OrderPlaced',
} as const;

/** What is no name at all. */
export const noNames = [
  'Order!',
  'Order/Placed',
  '1OrderPlaced',
  'Order..Placed',
  '.OrderPlaced',
  'OrderPlaced.',
  'Bestellungäufgegeben',
] as const;

/** The names whose answer is not the one that is wanted; none is what the types below assert. */
type Astray<Want extends Record<string, string>> = {
  [Name in keyof Want & string as Equal<CheckedName<Name, 'past-tense'>, Want[Name]> extends true
    ? never
    : Name]: CheckedName<Name, 'past-tense'>;
};
type None = Record<never, never>;

type Command<Name extends keyof typeof commands> =
  `detailType '${Name}' is a command: write the fact, '${(typeof commands)[Name]}'`;
type NoFact<Name extends string> =
  `detailType '${Name}' names no fact: write what happened in the past tense, such as 'OrderPlaced', or set factName: 'not-a-verb'`;
type Versioned<Name extends keyof typeof versioned> =
  `detailType '${Name}' carries a version: write '${(typeof versioned)[Name]}' and keep the version in metadata`;
type NoName<Name extends string> =
  `detailType '${Name}' is no name: write letters and digits, such as 'OrderPlaced' or 'order.placed'`;

export type FactsPass = Holds<Equal<Astray<{ [Name in (typeof facts)[number]]: Name }>, None>>;
type Words<Lists extends string> = Lists extends `${infer Word} ${infer Rest}`
  ? Word | Words<Rest>
  : Lists;
type Participle = Words<(typeof irregularParticiples)[number]>;
export type IrregularParticiplesPass = Holds<
  Equal<
    Astray<{
      [Word in Participle as `Thing${Capitalize<Word>}`]: `Thing${Capitalize<Word>}`;
    }>,
    None
  >
>;
export type CommandsAreAnswered = Holds<
  Equal<Astray<{ [Name in keyof typeof commands]: Command<Name> }>, None>
>;
export type NoFactsAreRefused = Holds<
  Equal<Astray<{ [Name in (typeof noFacts)[number]]: NoFact<Name> }>, None>
>;
export type VersionsAreRefused = Holds<
  Equal<Astray<{ [Name in keyof typeof versioned]: Versioned<Name> }>, None>
>;
export type NoNamesAreRefused = Holds<
  Equal<Astray<{ [Name in (typeof noNames)[number]]: NoName<Name> }>, None>
>;
export type DynamicNamesPass = Holds<
  Equal<CheckedName<string, 'past-tense'>, string> extends true
    ? Equal<CheckedName<`Order${string}`, 'past-tense'>, `Order${string}`>
    : false
>;
export type DomainWordsPass = Holds<Equal<CheckedName<'OrderNoShow', 'not-a-verb'>, 'OrderNoShow'>>;
export type DomainWordsCarryNoVersion = Holds<
  Equal<
    CheckedName<'NoShowV2', 'not-a-verb'>,
    "detailType 'NoShowV2' carries a version: write 'NoShow' and keep the version in metadata"
  >
>;
