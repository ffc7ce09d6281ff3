import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};
// This file is one folder deep both as a source and built.
const written = new URL('../../page/', import.meta.url);
const built = new URL('../../dist/page/', import.meta.url);

/** The page: `/` and what it loads. Nothing on it comes from elsewhere. */
export function pageFiles(): Hono {
  const routes = new Hono();
  routes.use(async (context, next) => {
    await next();
    context.header('Content-Security-Policy', "default-src 'self'; frame-ancestors 'none'");
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('Cache-Control', 'no-cache');
  });
  const file = async (name: string): Promise<Response> => {
    const extension = name.split('.').at(-1) ?? '';
    const folder = extension === 'js' ? built : written;
    const body = await readFile(fileURLToPath(new URL(name, folder)));
    return new Response(body, { headers: { 'Content-Type': types[extension] ?? '' } });
  };
  routes.get('/', () => file('index.html'));
  // Browsers ask for it on their own.
  routes.get('/favicon.ico', () => file('icon.svg'));
  routes.get('/page/:name{[a-z-]+\\.(css|js|svg)}', async (context) => {
    try {
      return await file(context.req.param('name'));
    } catch {
      return context.notFound();
    }
  });
  return routes;
}
