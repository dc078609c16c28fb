import { audiocodes } from './audiocodes.ts';
import { ciscoMpp } from './cisco-mpp.ts';
import { ciscoSpa } from './cisco-spa.ts';
import { fanvil } from './fanvil.ts';
import { gigaset } from './gigaset.ts';
import { grandstream } from './grandstream.ts';
import { grandstreamGxp } from './grandstream-gxp.ts';
import { htek } from './htek.ts';
import { mitel } from './mitel.ts';
import { obihai } from './obihai.ts';
import { panasonic } from './panasonic.ts';
import { panasonicUtg } from './panasonic-utg.ts';
import { poly } from './poly.ts';
import { snom } from './snom.ts';
import type { Vendor } from './vendor.ts';
import { vtech } from './vtech.ts';
import { yealink } from './yealink.ts';

/** Every make that is known; a new one is added here, and docs/vendors gets its page by `npm run generate`. */
export const vendors: readonly Vendor[] = [
  poly,
  obihai,
  yealink,
  ciscoSpa,
  ciscoMpp,
  grandstream,
  grandstreamGxp,
  snom,
  fanvil,
  gigaset,
  panasonic,
  panasonicUtg,
  vtech,
  audiocodes,
  htek,
  mitel,
];
