import { behindAProxy } from './proxies/behind-a-proxy.ts';
import { proxyMissing } from './proxies/front-proxy.ts';

// Not required anywhere: Debian 12 has no OpenSIPS. It is for those who have one, and was run with a build of their source.
behindAProxy('opensips', proxyMissing('opensips') ?? false);
