import { signal } from '@preact/signals';
import { ask, Refused } from '../link/ask.ts';

export interface OwnCall {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly answered: boolean;
  readonly held: boolean;
}

const key = 'lamplighter-calls';

/** The calls made here. Kept for this tab, so that a reload does not leave calls nobody can end. */
export const ownCalls = signal<readonly OwnCall[]>(JSON.parse(sessionStorage.getItem(key) ?? '[]') as OwnCall[]);

ownCalls.subscribe((calls) => sessionStorage.setItem(key, JSON.stringify(calls)));

export async function place(from: string, to: string, fromName: string): Promise<void> {
  const body = fromName === '' ? { from, to } : { from, to, fromName };
  const { id } = await ask<{ id: string }>('POST', '/api/v1/simulator/call', body);
  ownCalls.value = [...ownCalls.value, { id, from, to, answered: false, held: false }];
}

export async function answer(call: OwnCall): Promise<void> {
  await act(call, 'answer', { id: call.id });
  change(call, { answered: true });
}

export async function holdOrResume(call: OwnCall): Promise<void> {
  await act(call, call.held ? 'resume' : 'hold', { id: call.id, by: call.to });
  change(call, { held: !call.held });
}

export async function hangUp(call: OwnCall): Promise<void> {
  await act(call, 'hangup', { id: call.id });
  forget(call);
}

async function act(call: OwnCall, action: string, body: object): Promise<void> {
  try {
    await ask('POST', `/api/v1/simulator/${action}`, body);
  } catch (error) {
    // The daemon was restarted: the call is gone.
    if (error instanceof Refused && error.code === 'unknown-call') forget(call);
    throw error;
  }
}

function change(call: OwnCall, more: Partial<OwnCall>): void {
  ownCalls.value = ownCalls.value.map((one) => (one.id === call.id ? { ...one, ...more } : one));
}

function forget(call: OwnCall): void {
  ownCalls.value = ownCalls.value.filter(({ id }) => id !== call.id);
}
