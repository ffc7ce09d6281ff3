/** Transaction ids of a row are kept in 32 bits; they come round again after so many. */
const ROUND = 4_294_967_296n;

/**
 * SQL that turns `xmin`, which has 32 bits, into the whole transaction id, as a bigint: the
 * newest below `next`, the first id that is not taken yet, which ends in these bits.
 *
 * It is right for every row that was written within the last 2^32 transactions, frozen or
 * not. An older one, whose bits have come round, counts as newer than it is: it may be
 * published a second time, and is never taken for published.
 */
export function fullTransactionIdSql(xmin: string, next: string): string {
  return `(${next} - 1 - ((${next} - 1 - ${xmin}) % ${ROUND} + ${ROUND}) % ${ROUND})`;
}
