import type { Order } from '../../../src/provision/vendor.ts';

/** Addresses of documentation (RFC 5737), names of documentation (RFC 2606). */
export const sample: Order = {
  ext: '1001',
  domain: 'pbx.example.com',
  host: '192.0.2.10',
  port: 5070,
  transport: 'tcp',
  way: 'inline',
  lamps: [
    { name: '1002', label: 'Ada' },
    { name: '1003', label: 'Bob' },
  ],
  list: null,
  pickup: '**',
};
