/** Asks the bus's own API. @throws Error with the bus's sentence. */
export async function askBus<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const response = await fetch(`/_bus/${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (response.status === 204) return undefined as T;
  const answer = (await response.json()) as T & { readonly message?: string };
  if (!response.ok) throw new Error(answer.message ?? `The bus answered ${response.status}.`);
  return answer;
}
