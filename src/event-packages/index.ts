import { asFeatureEvent } from './as-feature-event/as-feature-event.ts';
import { dialog } from './dialog/dialog.ts';
import type { EventPackage } from './event-package.ts';
import { messageSummary } from './message-summary/message-summary.ts';
import { presence } from './presence/presence.ts';
import { reg } from './reg/reg.ts';
import { uaProfile } from './ua-profile/ua-profile.ts';
import { winfoOf } from './winfo/winfo.ts';

/** The event packages served, in the order of Allow-Events. */
export const eventPackages: readonly EventPackage[] = [
  asFeatureEvent,
  dialog,
  messageSummary,
  presence,
  reg,
  winfoOf('dialog'),
  winfoOf('presence'),
  uaProfile,
];
