import { asFeatureEvent } from './as-feature-event/as-feature-event.ts';
import { dialog } from './dialog/dialog.ts';
import type { EventPackage } from './event-package.ts';

/** The event packages served, in the order of Allow-Events. */
export const eventPackages: readonly EventPackage[] = [asFeatureEvent, dialog];
