import { Agent, request } from 'node:http';

const connections = 16;
const entries = 10;

/**
 * Sends requests of ten entries of 500 bytes over kept connections, without the SDK, whose
 * own cost would hide the bus's. The sources go round `sources` names.
 */
export async function sendLoad(url: string, requests: number, sources: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let begun = 0;
  const send = async (): Promise<void> => {
    while (begun < requests) {
      const first = begun * entries;
      begun += 1;
      await put(url, agent, bodyOf(first, sources));
    }
  };
  await Promise.all(Array.from({ length: connections }, send));
  agent.destroy();
}

function bodyOf(first: number, sources: number): string {
  return JSON.stringify({
    Entries: Array.from({ length: entries }, (_, n) => {
      const orderId = String(first + n);
      const metadata = { eventId: orderId, version: '1.0', idempotencyKey: `order-${orderId}` };
      const data = { orderId, totalCents: 18_900, note: 'x'.repeat(340) };
      return {
        Source: `com.acme.service${(first + n) % sources}`,
        DetailType: 'OrderPlaced',
        Detail: JSON.stringify({ metadata, data }),
      };
    }),
  });
}

function put(url: string, agent: Agent, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'content-length': Buffer.byteLength(body),
      'x-amz-target': 'AWSEvents.PutEvents',
    };
    const call = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the bus answered ${response.statusCode}`));
      });
    });
    call.once('error', reject);
    call.end(body);
  });
}
