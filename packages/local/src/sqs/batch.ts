import { ServiceError } from '../protocol/service-error.ts';
import { missingParameter, queryCode, sqsError } from './sqs-error.ts';

const maxEntries = 10;

/** An entry of a batch whose id was checked. */
export type BatchEntry<T> = T & { readonly Id: string };

/**
 * What holds for every batch.
 * @param entryName As the service calls an entry, for example `SendMessageBatchRequestEntry`.
 * @throws ServiceError in the service's words; then nothing of the batch is done.
 */
export function checkBatch<T extends { readonly Id?: string | undefined }>(
  entries: readonly T[],
  entryName: string,
): readonly BatchEntry<T>[] {
  if (entries.length === 0) {
    throw sqsError(
      'EmptyBatchRequest',
      `There should be at least one ${entryName} in the request.`,
    );
  }
  if (entries.length > maxEntries) {
    throw sqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${maxEntries}. You have sent ${entries.length}.`,
    );
  }
  const ids = new Set<string>();
  const checked = entries.map((entry, index): BatchEntry<T> => {
    const { Id } = entry;
    if (Id === undefined) throw missingParameter(`${entryName}.${index + 1}.Id`);
    if (!/^[\w-]{1,80}$/.test(Id)) {
      throw sqsError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      );
    }
    if (ids.has(Id)) throw sqsError('BatchEntryIdsNotDistinct', `Id ${Id} repeated.`);
    ids.add(Id);
    return { ...entry, Id };
  });
  return checked;
}

/** Runs a checked batch; each entry succeeds or fails for itself. */
export function runBatch<T>(
  entries: readonly BatchEntry<T>[],
  run: (entry: BatchEntry<T>) => object,
): { readonly Successful: readonly object[]; readonly Failed?: readonly object[] } {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      Failed.push({
        Id: entry.Id,
        Code: queryCode(error),
        Message: error.message,
        SenderFault: true,
      });
    }
  }
  return Failed.length === 0 ? { Successful } : { Successful, Failed };
}
