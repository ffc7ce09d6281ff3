import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../local-bus-options.ts';

/** Where the bus listens, and under which names it may be asked. */
export interface AllowedHosts {
  readonly host: string;
  readonly allowedHosts: readonly string[];
}

/**
 * Why a request must not be served, as a sentence, or undefined where it may be. What is
 * kept out is another site's page in a browser that can reach the bus: a request under
 * the site's own name whose DNS record was pointed here (the Host header tells), one that
 * the browser marks as coming from elsewhere, and a form that navigates here. None of them
 * can be made by an SDK.
 */
export function originRefusal(
  method: string,
  headers: IncomingHttpHeaders,
  allowed: AllowedHosts,
): string | undefined {
  const host = headers.host ?? '';
  const name = hostName(host);
  if (!isAllowed(name, allowed)) {
    return `The bus does not serve the host ${JSON.stringify(name)}; add it to allowedHosts (tidings dev --allow-host) if it is yours.`;
  }
  const isRead = method === 'GET' || method === 'HEAD';
  const isNavigation = headers['sec-fetch-mode'] === 'navigate';
  if (isNavigation && !isRead) return 'A page cannot navigate here with a form.';
  const site = headers['sec-fetch-site'] ?? 'none';
  const isForeignSite = site !== 'none' && site !== 'same-origin';
  if (isForeignSite && !isNavigation) return "Only the bus's own page may ask it from a browser.";
  const { origin } = headers;
  // Absent where a browser reads its own site, and where no browser asks.
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return "Only the bus's own page may ask it from a browser.";
  }
  return undefined;
}

function isAllowed(name: string, { host, allowedHosts }: AllowedHosts): boolean {
  if (isLoopback(name) || name.endsWith('.localhost')) return true;
  if (name === host.toLowerCase() || allowedHosts.some((each) => each.toLowerCase() === name)) {
    return true;
  }
  // No DNS record leads from an address to another one. Which addresses a bus that
  // listens beyond this machine has, its clients know better.
  return !isLoopback(host) && isIP(name) !== 0;
}

/** The name or address in a Host header, without port and brackets. */
function hostName(host: string): string {
  const [, name = ''] = /^(\[[^\]]*\]|[^:@/]*)(?::\d*)?$/.exec(host) ?? [];
  return name.replace(/^\[|\]$/g, '').toLowerCase();
}
