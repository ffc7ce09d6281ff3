import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { isLoopback } from '../local-bus-options.ts';

const cookieName = 'tidings-token';

/**
 * Lets in who shows the token, if there is one. Without one the bus listens on this
 * machine alone, and what is kept out is another site's page in this machine's browser:
 * a request that it makes, or one under its own name that was bent to this address.
 */
export function guard(token: string | undefined): MiddlewareHandler {
  return async (context, next) => {
    if (token === undefined) {
      const name = new URL(`http://${context.req.header('host') ?? ''}`).hostname;
      const site = context.req.header('sec-fetch-site') ?? 'none';
      const isNavigation = context.req.header('sec-fetch-mode') === 'navigate';
      const isForeign = (site === 'cross-site' || site === 'same-site') && !isNavigation;
      if (!isLoopback(name.replace(/^\[|\]$/g, '')) || isForeign) {
        return context.json({ message: 'Only pages of this bus may ask it.' }, 403);
      }
      return await next();
    }
    const bearer = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    const asked = context.req.query('token');
    const shown = bearer ?? asked ?? getCookie(context, cookieName);
    if (shown === undefined || !isSame(shown, token)) {
      return context.json(
        { message: 'Show the token: Authorization: Bearer TOKEN, or ?token=TOKEN.' },
        401,
      );
    }
    if (asked !== undefined) {
      setCookie(context, cookieName, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
    }
    return await next();
  };
}

/** In a time that does not tell how much of it is right. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
