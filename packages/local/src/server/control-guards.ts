import type { MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { isSame, tokenHeader } from './request-token.ts';

const cookieName = 'tidings-token';

/** Lets in who shows the token, if there is one. The page keeps it in a cookie. */
export function tokenGuard(token: string | undefined): MiddlewareHandler {
  return async (context, next) => {
    if (token === undefined) return await next();
    const bearer = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    const asked = context.req.query('token');
    const shown =
      bearer ?? context.req.header(tokenHeader) ?? asked ?? getCookie(context, cookieName);
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

/**
 * Refuses a body that is not declared as JSON. Another site's page can send every type
 * that a form can without asking the browser's leave first, and JSON not.
 */
export const jsonBodyGuard: MiddlewareHandler = async (context, next) => {
  const type = context.req.header('content-type');
  const hasBody =
    Number(context.req.header('content-length') ?? 0) > 0 ||
    context.req.header('transfer-encoding') !== undefined;
  if (type === undefined ? !hasBody : isJson(type)) return await next();
  return context.json({ message: 'Send the body with Content-Type: application/json.' }, 415);
};

function isJson(type: string): boolean {
  return /^application\/json\s*(;|$)/i.test(type.trim());
}
