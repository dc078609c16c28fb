const upTo = (prefix: string, last: number): string[] =>
  Array.from({ length: last }, (_, at) => `${prefix}-${String(at + 1).padStart(2, '0')}`);

/**
 * Every requirement there is a row for: the RFCs (E65: 6665, R64: 6446, R58: 5839, P39: 3903, D42: 4235, L46: 4662, L53: 5367,
 * M38: 3842, P38: 3856 and 3863, R36: 3680, W38: 3857, U60: 6080, S74: 7463), what has none (X: xpidf, BSF: call-info,
 * A: as-feature-event), transport (T), and worked examples of a SUBSCRIBE (W).
 */
export const ids: readonly string[] = [
  ...upTo('E65', 34),
  ...upTo('R64', 5),
  ...upTo('R58', 4),
  ...upTo('P39', 12),
  ...upTo('D42', 9),
  'D42-09a',
  ...upTo('D42', 15).slice(9),
  ...upTo('L46', 9),
  'L53-01',
  ...upTo('M38', 2),
  ...upTo('P38', 3),
  ...['X-01', 'R36-01', 'W38-01', 'U60-01', 'S74-01', 'BSF-01', 'A-01'],
  ...upTo('T', 10),
  ...upTo('W', 24),
];
