import { sqsError } from './sqs-error.ts';

/** A request of the query protocol, in the form that the JSON protocol has. */
export interface QueryRequest {
  readonly op: string;
  readonly input: Readonly<Record<string, unknown>>;
}

type Node = string | Map<string, Node>;

/** Names under which the members of lists are sent one by one. */
const lists: ReadonlyMap<string, string> = new Map([
  ['AttributeName', 'AttributeNames'],
  ['MessageAttributeName', 'MessageAttributeNames'],
  ['MessageSystemAttributeName', 'MessageSystemAttributeNames'],
  ['AWSAccountId', 'AWSAccountIds'],
  ['ActionName', 'Actions'],
  ['TagKey', 'TagKeys'],
  ['SendMessageBatchRequestEntry', 'Entries'],
  ['DeleteMessageBatchRequestEntry', 'Entries'],
  ['ChangeMessageVisibilityBatchRequestEntry', 'Entries'],
]);
const listNames: ReadonlySet<string> = new Set(lists.values());
/** Likewise those of maps, with what names and holds a member. */
const maps: ReadonlyMap<string, readonly [member: string, key: string, value: string]> = new Map([
  ['Attribute', ['Attributes', 'Name', 'Value']],
  ['MessageAttribute', ['MessageAttributes', 'Name', 'Value']],
  ['MessageSystemAttribute', ['MessageSystemAttributes', 'Name', 'Value']],
  ['Tag', ['Tags', 'Key', 'Value']],
]);
const integers: ReadonlySet<string> = new Set([
  'DelaySeconds',
  'MaxNumberOfMessages',
  'MaxNumberOfMessagesPerSecond',
  'MaxResults',
  'VisibilityTimeout',
  'WaitTimeSeconds',
]);

/** No parameter of SQS is deeper. */
const maxDepth = 8;

/**
 * Reads a request that SDKs made before SQS had a JSON protocol.
 * @param path Names the queue where the form does not.
 * @throws ServiceError where the form names no action.
 */
export function queryRequest(body: string, path: string): QueryRequest {
  const form = new URLSearchParams(body);
  const op = form.get('Action') ?? '';
  if (op === '') throw sqsError('MissingAction', 'The request must contain the parameter Action.');
  const root: Map<string, Node> = new Map();
  for (const [name, value] of form) {
    if (name !== 'Action' && name !== 'Version') put(root, name.split('.', maxDepth), value);
  }
  // The service looks at one of the two lists of names.
  if (root.has('AttributeName')) root.delete('MessageSystemAttributeName');
  const input = object(root);
  if (op === 'CreateQueue' && input.Tags !== undefined) {
    return { op, input: { ...input, tags: input.Tags } };
  }
  if (input.QueueUrl === undefined && /^\/\d{12}\/[^/]+$/.test(path)) {
    return { op, input: { ...input, QueueUrl: path } };
  }
  return { op, input };
}

function put(
  node: Map<string, Node>,
  [name = '', ...rest]: readonly string[],
  value: string,
): void {
  if (rest.length === 0) {
    node.set(name, value);
    return;
  }
  const found = node.get(name);
  const child = found instanceof Map ? found : new Map<string, Node>();
  node.set(name, child);
  put(child, rest, value);
}

function object(node: Map<string, Node>): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...node].map(([name, value]) => member(name, value)));
}

function member(name: string, value: Node): [string, unknown] {
  const list = lists.get(name);
  // An empty list comes as an empty text, under either name.
  if (value === '' && (list !== undefined || listNames.has(name))) return [list ?? name, []];
  if (typeof value === 'string') {
    return [name, integers.has(name) && /^-?\d+$/.test(value) ? Number(value) : value];
  }
  if (list !== undefined) return [list, inOrder(value).map(content)];
  const map = maps.get(name);
  if (map === undefined) return [name, object(value)];
  const [into, key, held] = map;
  const entries = inOrder(value).flatMap((item) => {
    if (typeof item === 'string') return [];
    const named = item.get(key);
    return typeof named === 'string' ? [[named, content(item.get(held) ?? '')] as const] : [];
  });
  return [into, Object.fromEntries(entries)];
}

function content(node: Node): unknown {
  return typeof node === 'string' ? node : object(node);
}

/** Members are numbered from 1. */
function inOrder(node: Map<string, Node>): readonly Node[] {
  return [...node].sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
}
