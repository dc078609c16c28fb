import { type Chapter, rowsOf } from './row.ts';
import { granted, refused, rules } from './subscription-table.ts';

const notify = 'test/flows/subscription-rules-notify.test.ts';

const { held } = rowsOf('');
const input = 'SUBSCRIBE';

/** What comes of one SUBSCRIBE to a dialog resource; the ids are of this page. */
export const workedChapter: Chapter = {
  title: 'Worked expectations',
  rows: [
    held('W-01', input, 'event name in another letter case: 489', {
      [rules]: [refused('W-01, RFC 6665 8.2.1: Dialog in another letter case', 489)],
    }),
    held('W-02', input, 'a template of a template of no package: 489', {
      [rules]: [refused('W-02: a deep template', 489)],
    }),
    held('W-03', input, 'a quoted Event parameter with a semicolon and an escaped quote: read', {
      [rules]: [granted('W-03: a quoted Event parameter with ; and an escaped quote is read')],
    }),
    held('W-04', input, 'an Event parameter without value: ignored, also in matching', {
      [rules]: [granted('W-04: a valueless Event parameter is ignored')],
      [notify]: ['valueless parameters do not take part in matching: dialog refreshes dialog;sla'],
    }),
    held('W-05', input, 'Accept with q, parameters, wildcards, another letter case: dialog-info', {
      [rules]: [
        granted('W-05: Accept in other letter case with q and parameters'),
        granted('W-05: Accept application/*'),
        granted('W-05: Accept */*;q=0.1'),
      ],
    }),
    held('W-06', input, '41 Accept headers: 200', { [rules]: [granted('W-06: 41 Accept headers (AST-2018-004)')] }),
    held('W-07', input, 'an empty Accept: 406', { [rules]: [refused('W-07, E65-07: an empty Accept', 406)] }),
    held('W-08', input, 'no Expires, but one in Contact: 3600', {
      [rules]: ['W-08, E65-05: expires in Contact means nothing'],
    }),
    held('W-09', input, 'Expires 5 where 60 is the least: 423 with Min-Expires', {
      [rules]: [refused('W-09, E65-06: Expires 5', 423)],
    }),
    held('W-10', input, 'Expires 2^32-1: the maximum', {
      [rules]: [granted('W-10: Expires 2^32-1 is cut to the maximum')],
    }),
    held('W-11', input, 'Expires 2^32+1, or of 400 digits: the maximum', {
      [rules]: [
        granted('W-11: Expires 2^32+1 never wraps to a small value'),
        granted('W-11: Expires of 400 digits never wraps'),
      ],
    }),
    held('W-12', input, 'Expires negative, decimal, or a date: 400', {
      [rules]: [
        refused('W-12: a negative Expires', 400),
        refused('W-12: a decimal Expires', 400),
        refused('W-12: an RFC 2543 date as Expires', 400),
      ],
    }),
    held('W-13', input, 'Expires 0 outside of a dialog: a fetch', {
      [notify]: [
        'W-13, E65-11: dialog: Expires 0 outside of a dialog is one terminated NOTIFY with everything, and nothing is kept',
      ],
    }),
    held('W-14', input, 'in a dialog nobody knows: 481 at once', {
      [notify]: ['W-14: an unknown dialog is answered 481 at once, without a challenge'],
    }),
    held('W-15', input, 'a refresh whose Request-URI has no user: the resource of the dialog', {
      [notify]: ['W-15: a refresh whose R-URI has no user is for the resource of its dialog'],
    }),
    held('W-16', input, 'a first one whose Request-URI has no user: 404', {
      [rules]: [refused('W-16: a first SUBSCRIBE without a user in the R-URI', 404)],
    }),
    held('W-17', input, 'Request-URI and To differ: the Request-URI counts, for what and for whether', {
      [rules]: ['W-17: the R-URI names the resource, not To; authorisation looks at the R-URI'],
    }),
    held('W-18', input, 'host in another letter case, port, transport: the same; the user in another one: another', {
      [rules]: [
        granted('W-18: the host in other letter case with port and transport'),
        refused('W-18: a user in another letter case', 404),
      ],
    }),
    held('W-19', input, 'tel: as Request-URI 416, as From 200', {
      [rules]: [refused('W-19: a tel: R-URI', 416), granted('W-19: a tel: From')],
    }),
    held('W-20', input, 'sips: over UDP: 416', { [rules]: [refused('W-20: sips: over UDP', 416)] }),
    held('W-21', input, 'urn:, pres:, an unknown scheme: 416', {
      [rules]: [
        refused('W-21: a urn: R-URI', 416),
        refused('W-21: a pres: R-URI', 416),
        refused('W-21: an unknown scheme', 416),
      ],
    }),
    held('W-22', input, 'Require with an unknown tag: 420 with Unsupported', {
      [rules]: [refused('W-22: Require with an unknown tag', 420)],
    }),
    held('W-23', 'OPTIONS', '200 with Allow and Allow-Events', {
      [rules]: ['W-23, E65-23: OPTIONS is answered 200 with Allow, Allow-Events and Accept'],
    }),
    held('W-24', input, 'Max-Forwards 0: 200 where we are the end of the way, 483 where it would go on', {
      [rules]: [granted('W-24: Max-Forwards 0, as a UAS')],
      ['test/flows/inline-requests.test.ts']: [
        'W-24: Max-Forwards 0: 483, and an OPTIONS is answered in the PBX’s stead',
      ],
    }),
  ],
};
