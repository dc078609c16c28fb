import type { Templates } from '../options.ts';

/**
 * FreePBX 13 to 17 and its forks: exactly what its web page and its feature codes write, so that all three agree.
 * CFU is "unavailable", which is no answer as well; busy and no-answer forwards have no device state.
 * COMPAT(FreePBX): do-not-disturb off is UNAVAILABLE, forward off is NOT_INUSE.
 */
export const freepbx: Templates = {
  dnd: {
    family: 'DND',
    key: '{ext}',
    on: 'YES',
    states: [
      { name: 'Custom:DND{ext}', on: 'BUSY', off: 'UNAVAILABLE' },
      { name: 'Custom:DEVDND{device}', on: 'BUSY', off: 'UNAVAILABLE' },
    ],
  },
  cfa: {
    family: 'CF',
    key: '{ext}',
    on: 'YES',
    states: [
      { name: 'Custom:CF{ext}', on: 'BUSY', off: 'NOT_INUSE' },
      { name: 'Custom:DEVCF{device}', on: 'BUSY', off: 'NOT_INUSE' },
    ],
  },
  cfb: { family: 'CFB', key: '{ext}', on: 'YES', states: [] },
  cfna: { family: 'CFU', key: '{ext}', on: 'YES', states: [] },
  // Not cfringtimer: that is how long the forwarded leg rings.
  ringTimer: { family: 'AMPUSER', key: '{ext}/ringtimer' },
  devices: { family: 'AMPUSER', key: '{ext}/device' },
  user: { family: 'DEVICE', key: '{ext}/user' },
};
