/** What a fault does to one delivery. */
export type DeliveryEffect =
  | { readonly effect: 'fail'; readonly code: string }
  | { readonly effect: 'drop' }
  | { readonly effect: 'delay'; readonly ms: number }
  | { readonly effect: 'duplicate' }
  | { readonly effect: 'reorder' };
