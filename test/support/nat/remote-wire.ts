import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { PhoneTransport, Place, Wire, WireEvents } from '../phone/wire.ts';
import { Frames, frame } from './frames.ts';

const program = new URL('./wire-process.js', import.meta.url).pathname;

/**
 * A phone's wire in another network: a process there has the sockets, and what it receives comes here. `enter`: the words
 * that begin a program there.
 */
export function remoteWire(enter: readonly string[], transport: PhoneTransport, inside: string) {
  return async (server: Place, _local: Place, events: WireEvents): Promise<Wire> => {
    const setup = JSON.stringify({ transport, server, local: { host: inside, port: 0 } });
    const words = [...enter, process.execPath, program, setup];
    const child = spawn(words[0] as string, words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    const gone = once(child, 'exit');
    const frames = new Frames();
    const send = (bytes: Buffer) => {
      if (child.stdin.writable) child.stdin.write(frame('m', bytes));
    };
    child.stdin.on('error', () => undefined); // it ended: its exit says so
    const local = await new Promise<Place>((resolve, reject) => {
      gone.then(
        ([code]) => reject(new Error(`the wire in the other network ended with ${code}`)),
        (error: Error) => reject(error),
      );
      child.stdout.on('data', (chunk: Buffer) => {
        for (const { kind, bytes } of frames.push(chunk)) {
          if (kind === 'm') events.bytes(bytes, send);
          else if (kind === 'd') events.down(bytes.toString());
          else resolve(JSON.parse(bytes.toString()) as Place);
        }
      });
    });
    return {
      transport,
      local,
      send,
      close: async () => {
        child.stdin.end(); // the process ends with it
        await gone;
      },
    };
  };
}
