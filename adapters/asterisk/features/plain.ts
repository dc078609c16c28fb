import type { Templates } from '../options.ts';

/** The places of `features: astdb` without templates of its own: those of config/asterisk/extensions.conf. */
export const plain: Templates = {
  dnd: { family: 'DND', key: '{ext}', on: 'YES', states: [{ name: 'Custom:DND{ext}', on: 'BUSY', off: 'NOT_INUSE' }] },
  cfa: { family: 'CF', key: '{ext}', on: 'YES', states: [{ name: 'Custom:CF{ext}', on: 'BUSY', off: 'NOT_INUSE' }] },
  cfb: { family: 'CFB', key: '{ext}', on: 'YES', states: [] },
  cfna: { family: 'CFU', key: '{ext}', on: 'YES', states: [] },
};
