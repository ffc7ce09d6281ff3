import { randomUUID } from 'node:crypto';

const namespace = 'http://queue.amazonaws.com/doc/2012-11-05/';

/** Names under which the members of lists are told one by one. */
const lists: ReadonlyMap<string, string> = new Map([
  ['Messages', 'Message'],
  ['QueueUrls', 'QueueUrl'],
  ['queueUrls', 'QueueUrl'],
  ['Failed', 'BatchResultErrorEntry'],
]);
/** Likewise those of maps, with what names and holds a member. */
const maps: ReadonlyMap<string, readonly [element: string, key: string, value: string]> = new Map([
  ['Attributes', ['Attribute', 'Name', 'Value']],
  ['MessageAttributes', ['MessageAttribute', 'Name', 'Value']],
  ['Tags', ['Tag', 'Key', 'Value']],
]);

/** Operations that tell nothing but that they were done. */
const silent: ReadonlySet<string> = new Set([
  'AddPermission',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'DeleteQueue',
  'PurgeQueue',
  'RemovePermission',
  'SetQueueAttributes',
  'TagQueue',
  'UntagQueue',
]);

/** An output in the query protocol's XML. */
export function queryAnswer(op: string, output: object): string {
  return (
    `<?xml version="1.0"?><${op}Response xmlns="${namespace}">` +
    (silent.has(op) ? '' : element(`${op}Result`, members(op, output))) +
    `${element('ResponseMetadata', element('RequestId', randomUUID()))}</${op}Response>`
  );
}

/** A refusal in the query protocol's XML. */
export function queryRefusal(code: string, message: string): string {
  const error =
    element('Type', 'Sender') +
    element('Code', escaped(code)) +
    element('Message', escaped(message)) +
    '<Detail/>';
  return (
    `<?xml version="1.0"?><ErrorResponse xmlns="${namespace}">${element('Error', error)}` +
    `${element('RequestId', randomUUID())}</ErrorResponse>`
  );
}

function members(op: string, output: object): string {
  return Object.entries(output)
    .map(([name, value]) => memberXml(op, name, value))
    .join('');
}

function memberXml(op: string, name: string, value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) {
    const each = lists.get(name) ?? `${op}ResultEntry`;
    return value.map((item) => element(each, contentXml(op, item))).join('');
  }
  const map = maps.get(name);
  if (map !== undefined) {
    const [each, key, held] = map;
    return Object.entries(value as object)
      .map(([named, item]) =>
        element(each, element(key, escaped(named)) + element(held, contentXml(op, item))),
      )
      .join('');
  }
  return element(name, contentXml(op, value));
}

function contentXml(op: string, value: unknown): string {
  return typeof value === 'object' && value !== null ? members(op, value) : escaped(String(value));
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

/** Line ends are kept as references, or a parser would make them one. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#xD;');
}
