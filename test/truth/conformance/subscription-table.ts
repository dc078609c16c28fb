/** The file whose tests are two tables of SUBSCRIBEs: those that are refused and those that are granted. */
export const rules = 'test/flows/subscription-rules.test.ts';

/** The name of a row's test there. */
export function refused(label: string, status: number): string {
  return `${label} is answered ${status}, and nothing is left behind`;
}

export function granted(label: string): string {
  return `${label}: 200 and never 202 (E65-08), with Expires and Allow-Events (E65-23), then one NOTIFY (E65-10)`;
}
