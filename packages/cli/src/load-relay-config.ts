import { defineRelay, type RelaySettings } from '@tidings/relay';
import { loadDefaultExport } from './load-default-export.ts';

/**
 * Loads a relay configuration, TypeScript or JavaScript.
 * @throws ConfigurationError when there is no such file, it cannot be loaded, or what
 * it exports is no relay.
 */
export async function loadRelayConfig(file: string): Promise<RelaySettings<unknown>> {
  const exported = await loadDefaultExport({
    file,
    kind: 'a relay config',
    example: 'export default defineRelay({ ... })',
  });
  return defineRelay(exported as RelaySettings<unknown>);
}
