import { type Route, route } from '../route.ts';

/** What the API is, for programs; `/api` is the same for people. Says nothing of this installation but its version. */
export const documentRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/openapi.json',
    role: 'everybody',
    rpc: null,
    tag: 'API',
    about: 'This document (OpenAPI 3.1).',
    answers: { 200: { about: 'Made of what the server validates with.' } },
    run: ({ c }, { document }) => c.json(document()),
  }),
];
