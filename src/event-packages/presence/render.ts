import { userOf } from '../../model/aor.ts';
import type { ResourceView } from '../../model/views.ts';
import { XmlWriter } from '../../xml/write.ts';
import { accountUri } from '../account-uri.ts';
import type { Rendered, RenderRequest } from '../event-package.ts';
import { type Condition, conditionOf } from './condition.ts';
import { namespaces, pidfType, xpidfDoctype, xpidfType } from './words.ts';

/** The whole presence in one document, in the format the phone asked for. */
export function renderPresence(view: ResourceView, request: RenderRequest): Rendered {
  const condition = conditionOf(view, request.profile);
  const address = accountUri(view.aor);
  const xpidf = request.contentType === xpidfType;
  const content = xpidf
    ? writeXpidf(condition, request.entity, address, userOf(view.aor))
    : writePidf(condition, request.entity, address);
  return { bodies: [{ contentType: xpidf ? xpidfType : pidfType, content, covers: 'full' }], shown: [] };
}

/**
 * Element order of the schemas: RFC 3863 4.4 (Asterisk's note before the tuple is not valid), RFC 4479 5, RFC 4480 5. The
 * note stands twice, as some phones read that of the tuple and some that of the person.
 */
function writePidf({ basic, activities, notes }: Condition, entity: string, address: string): string {
  const xml = new XmlWriter('UTF-8');
  xml.open('presence', { ...namespaces, entity });
  // All phones of the user are one service, those that publish too: the id is the same in every document (RFC 3863 4.1.2).
  xml.open('tuple', { id: 'phones' });
  xml.open('status').leaf('basic', {}, basic).close();
  xml.leaf('contact', {}, address).leaf('note', {}, notes[0]).close();
  xml.open('dm:person', { id: 'person' }); // without an id it is not valid (Asterisk), and Linphone drops it
  if (activities.length > 0) {
    xml.open('rpid:activities');
    for (const activity of activities) xml.leaf(`rpid:${activity}`, {}); // names from the list of RFC 4480
    xml.close();
  }
  for (const note of notes) xml.leaf('dm:note', {}, note);
  return xml.end();
}

/** The format before pidf: draft-rosenberg-impp-pidf-00, as Polycoms write it themselves. */
function writeXpidf({ status, substatus }: Condition, entity: string, address: string, id: string): string {
  const xml = new XmlWriter('UTF-8', 'document', xpidfDoctype);
  xml.open('presence').leaf('presentity', { uri: `${entity};method=SUBSCRIBE` });
  xml.open('atom', { id }).open('address', { uri: `${address};user=ip`, priority: '0.800000' });
  return xml.leaf('status', { status }).leaf('msnsubstatus', { substatus }).end();
}
