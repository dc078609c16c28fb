import { openWire, type PhoneTransport, type Place } from '../phone/wire.ts';
import { Frames, frame } from './frames.ts';

/*
 * The sockets of a phone in another network namespace: what comes by stdin goes out, what arrives goes to stdout. Ends with
 * its stdin.
 */
const { transport, server, local } = JSON.parse(process.argv[2] ?? '') as {
  readonly transport: PhoneTransport;
  readonly server: Place;
  readonly local: Place;
};
const wire = await openWire(transport, server, local, {
  bytes: (bytes) => process.stdout.write(frame('m', bytes)),
  down: (reason) => process.stdout.write(frame('d', Buffer.from(reason))),
});
process.stdout.write(frame('l', Buffer.from(JSON.stringify(wire.local))));
const frames = new Frames();
process.stdin.on('data', (chunk: Buffer) => {
  for (const { bytes } of frames.push(chunk)) wire.send(bytes);
});
process.stdin.on('end', () => process.exit(0));
