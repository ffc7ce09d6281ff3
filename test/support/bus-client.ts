import { EventBridgeClient, type EventBridgeClientConfig } from '@aws-sdk/client-eventbridge';

/** A real client that talks to a local bus. Destroy it at the end. */
export function busClient(url: string, config: EventBridgeClientConfig = {}): EventBridgeClient {
  return new EventBridgeClient({
    endpoint: url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    ...config,
  });
}
