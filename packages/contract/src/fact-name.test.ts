import { describe, expect, it } from 'vitest';
import { checkDetailType } from './fact-name.ts';

describe('checkDetailType', () => {
  it.each([
    'OrderPlaced',
    'order.placed',
    'order-placed',
    'order_placed',
    'InvoiceSent',
    'InvoicePaid',
    'MeetingBegun',
    'MeetingBegan',
    'OfferWithdrawn',
    'PriceOverridden',
    'PasswordReset',
    'BidPlaced',
    'UserSignedUp',
    'ItemAddedToCart',
    'PaymentFailedPermanently',
    'ContractAgreed',
    'ReportRead',
    'KYCApproved',
    'IPV6Enabled',
    'Oauth2AccountLinked',
    'UpdateFailed',
    'com.acme.order.placed',
  ])('takes %s', (name) => {
    expect(() => checkDetailType(name)).not.toThrow();
  });

  it.each([
    ['PlaceOrder', 'OrderPlaced'],
    ['SendInvoice', 'InvoiceSent'],
    ['place.order', 'order.placed'],
    ['order.place', 'order.placed'],
    ['PlaceBid', 'BidPlaced'],
    ['OrderShip', 'OrderShipped'],
    ['SignUpUser', 'UserSignedUp'],
    ['UserSignUp', 'UserSignedUp'],
    ['NotifyCustomer', 'CustomerNotified'],
    ['OrderPlacedEvent', 'OrderPlaced'],
    ['TokenizeCard', 'CardTokenized'],
    ['SubmitBid', 'BidSubmitted'],
  ])('answers %s with %s', (name, fact) => {
    expect(() => checkDetailType(name)).toThrow(
      `detailType "${name}" is a command: write the fact, "${fact}"`,
    );
  });

  it.each([
    'NewsFeed',
    'Speed',
    'OrderEmbed',
    'VideoEmbed',
    'Hundred',
    'OrderNeed',
    'OrderData',
    'Order',
  ])('refuses %s', (name) => {
    expect(() => checkDetailType(name)).toThrow(/names no fact|is a command/);
  });

  it.each(['Order Placed!', '1OrderPlaced', 'Order..Placed', 'Bestellungäufgegeben'])(
    'refuses %s as no name',
    (name) => {
      expect(() => checkDetailType(name)).toThrow(`detailType "${name}" is no name`);
    },
  );
});
