import assert from 'node:assert/strict';
import { dialog } from '../../../src/event-packages/dialog/dialog.ts';
import type { DialogView, ResourceView } from '../../../src/model/views.ts';
import { requestWith, viewWith } from '../views.ts';
import { validDialogInfo } from './schema.ts';

export type Request = Parameters<typeof requestWith>[0];

/** One document, which must be valid. */
export function render(view: ResourceView, request: Request = {}) {
  const { bodies, shown } = dialog.render(view, requestWith(request));
  assert.equal(bodies.length, 1);
  assert.equal(bodies[0]!.contentType, 'application/dialog-info+xml');
  return { root: validDialogInfo(bodies[0]!.content, request?.profile?.paramAttr), xml: bodies[0]!.content, shown };
}

export const calls = (...dialogs: DialogView[]): ResourceView => viewWith({ dialogs });
