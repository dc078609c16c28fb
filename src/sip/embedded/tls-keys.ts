import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { createSecureContext, type SecureContextOptions, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Clock, Timer } from '../../model/clock.ts';
import { Fault } from '../../model/errors.ts';
import type { Logger } from '../../model/logger.ts';

/** `sip.tls` of the configuration. */
export interface TlsSettings {
  /** Path of the certificate with its chain, PEM. */
  readonly cert: string;
  /** Path of its private key, PEM without a passphrase. */
  readonly key: string;
  /** Path of the authorities that sign the phones' certificates, PEM. Needed where `clientCert` is not `none`. */
  readonly clientCa?: string | undefined;
  /** `request`: a phone may show a certificate, and one that is shown must be good; `require`: it must show one. */
  readonly clientCert: 'none' | 'request' | 'require';
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** How often the files are looked at, ms. What has changed is taken when a second look finds the same: a debounce. */
export const lookMs = 10_000;
const dayMs = 24 * 3_600_000;
/** No certificate is larger, not with every authority of the world; bytes. */
const mostBytes = 4 * 1024 * 1024;
/** A pipe that nobody writes to must not hold up who opens it. */
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK;
const soonDays = 30;

interface Files {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | null;
}

/** The certificate of the TLS and WSS listeners: read at start, exchanged while running, its age watched. */
export class TlsKeys {
  #settings: TlsSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #servers: Server[] = [];
  #context: SecureContextOptions;
  #validTo: number;
  /** What is in use, what was refused and what the last look found: digests. */
  #loaded: string;
  #refused = '';
  #seen = '';
  #looking: Timer | null = null;
  #aging: Timer | null = null;
  #closed = false;

  /** Throws a Fault `config-invalid` that names the setting, its file and what was expected. */
  constructor(settings: TlsSettings, clock: Clock, logger: Logger) {
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
    const files = readTlsFiles(settings);
    ({ context: this.#context, validTo: this.#validTo } = contextOf(settings, files));
    this.#loaded = digestOf(files);
  }

  /** When the certificate in use ends; milliseconds since the epoch. */
  get validTo(): number {
    return this.#validTo;
  }

  /** Begins to watch the files and the age. */
  start(): void {
    this.#tellAge();
    this.#lookAgain();
  }

  serverOptions(): TlsOptions {
    // whether it is good is judged in `whyUnwelcome`, so that a refusal can be told
    return { ...this.#context, requestCert: this.#settings.clientCert !== 'none', rejectUnauthorized: false };
  }

  /** From now on a new certificate is given to this server, too. */
  serve(server: Server): void {
    this.#servers.push(server);
  }

  /** Why a secured socket may not stay; null: it may. */
  whyUnwelcome(socket: TLSSocket): string | null {
    const { clientCert } = this.#settings;
    if (clientCert === 'none' || socket.authorized) return null;
    const shown = Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
    if (shown) return `client certificate: ${String(socket.authorizationError)}`;
    return clientCert === 'require' ? 'no client certificate' : null;
  }

  /**
   * Reads the files that other settings name, or the same again. Throws as the constructor does, and then nothing is different;
   * otherwise answers how to use them. `clientCert` stays as it is: servers are made with it.
   */
  async prepare(settings: TlsSettings): Promise<() => void> {
    const files = await rereadTlsFiles(settings);
    const context = contextOf(settings, files);
    return () => {
      const isSame = digestOf(files) === this.#loaded && settings.minVersion === this.#settings.minVersion;
      this.#settings = { ...settings, clientCert: this.#settings.clientCert };
      if (isSame) this.#logger.info({}, 'TLS certificate is the same as before');
      else this.#use(context, digestOf(files));
    };
  }

  close(): void {
    this.#closed = true;
    this.#looking?.cancel();
    this.#aging?.cancel();
  }

  #lookAgain(): void {
    if (this.#closed) return;
    this.#looking = this.#clock.after(lookMs, () => {
      void this.#look().finally(() => this.#lookAgain());
    });
  }

  async #look(): Promise<void> {
    let files: Files | Fault;
    try {
      files = await rereadTlsFiles(this.#settings);
    } catch (error) {
      files = error instanceof Fault ? error : new Fault('internal', String(error), error);
    }
    if (this.#closed) return;
    const digest = files instanceof Fault ? files.message : digestOf(files);
    const settled = digest === this.#seen;
    this.#seen = digest;
    if (digest === this.#loaded) this.#refused = '';
    else if (settled && digest !== this.#refused) this.#exchange(files, digest);
  }

  #exchange(files: Files | Fault, digest: string): void {
    try {
      if (files instanceof Fault) throw files;
      this.#use(contextOf(this.#settings, files), digest);
    } catch (error) {
      this.#refused = digest;
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.warn({ reason }, 'the new TLS certificate cannot be used, the old one stays');
    }
  }

  #use({ context, validTo }: ReturnType<typeof contextOf>, digest: string): void {
    for (const server of this.#servers) server.setSecureContext(context);
    this.#context = context;
    this.#validTo = validTo;
    this.#loaded = digest;
    this.#refused = '';
    this.#logger.info({ cert: this.#settings.cert }, 'new TLS certificate in use');
    this.#tellAge();
  }

  /** At start, after each exchange and once a day. */
  #tellAge(): void {
    this.#aging?.cancel();
    this.#aging = this.#clock.after(dayMs, () => this.#tellAge());
    const daysLeft = Math.floor((this.#validTo - this.#clock.now()) / dayMs);
    const fields = { cert: this.#settings.cert, daysLeft };
    if (daysLeft < 0) this.#logger.warn(fields, 'the TLS certificate has expired: phones will refuse it');
    else if (daysLeft <= soonDays) this.#logger.warn(fields, 'the TLS certificate expires soon');
    else this.#logger.info(fields, 'TLS certificate');
  }
}

/** Throws a Fault `config-invalid` where the files of `sip.tls` cannot be read or do not belong together. */
export function checkTls(settings: TlsSettings): void {
  contextOf(settings, readTlsFiles(settings));
}

function readTlsFiles({ cert, key, clientCa }: TlsSettings): Files {
  const read = (name: string, path: string): Buffer => {
    try {
      const file = openSync(path, openFlags);
      try {
        mustBeFile(fstatSync(file));
        return readFileSync(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw unreadable(name, path, error);
    }
  };
  return {
    cert: read('cert', cert),
    key: read('key', key),
    ca: clientCa === undefined ? null : read('clientCa', clientCa),
  };
}

async function rereadTlsFiles({ cert, key, clientCa }: TlsSettings): Promise<Files> {
  const read = async (name: string, path: string): Promise<Buffer> => {
    try {
      const file = await open(path, openFlags);
      try {
        mustBeFile(await file.stat());
        return await file.readFile();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw unreadable(name, path, error);
    }
  };
  return {
    cert: await read('cert', cert),
    key: await read('key', key),
    ca: clientCa === undefined ? null : await read('clientCa', clientCa),
  };
}

/** Throws where reading might wait or never end: a pipe, a device. */
function mustBeFile(found: Stats): void {
  if (found.isDirectory()) throw new Error('is a folder, not a file');
  if (!found.isFile()) throw new Error('is a pipe or a device, not a file');
  if (found.size > mostBytes) throw new Error(`is larger than ${mostBytes / 1024 / 1024} MB`);
}

function unreadable(name: string, path: string, error: unknown): Fault {
  const { code, message } = error as NodeJS.ErrnoException;
  const absent = isAbsolute(path)
    ? 'no such file'
    : `no such file; from the folder where this was started it is ${resolve(path)}`;
  const known = { ENOENT: absent, EACCES: 'may not be read by this user', ENXIO: 'is a socket, not a file' };
  return wrong(name, path, known[code as keyof typeof known] ?? message, error);
}

function wrong(name: string, path: string, what: string, cause?: unknown): Fault {
  return new Fault('config-invalid', `sip.tls.${name}: ${path}: ${what}`, cause);
}

function contextOf(settings: TlsSettings, files: Files): { context: SecureContextOptions; validTo: number } {
  const { cert, key, clientCa = '', minVersion } = settings;
  const attempt = <T>(name: string, path: string, expected: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw wrong(name, path, expected, error);
    }
  };
  const pem = 'expected a certificate in PEM (-----BEGIN CERTIFICATE-----)';
  const certificate = attempt('cert', cert, pem, () => new X509Certificate(files.cert));
  const noKey = 'expected a private key in PEM, without a passphrase';
  const secret = attempt('key', key, noKey, () => createPrivateKey(files.key));
  if (!certificate.checkPrivateKey(secret)) throw wrong('key', key, `is not the key of the certificate ${cert}`);
  const { ca } = files;
  if (ca !== null) attempt('clientCa', clientCa, pem, () => new X509Certificate(ca));
  const context: SecureContextOptions = {
    cert: files.cert,
    key: files.key,
    minVersion,
    ...(ca === null ? {} : { ca }),
  };
  attempt('cert', cert, 'cannot be used with its key or chain', () => createSecureContext(context));
  return { context, validTo: Date.parse(certificate.validTo) };
}

function digestOf({ cert, key, ca }: Files): string {
  const hash = createHash('sha256');
  for (const part of [cert, key, ca ?? '']) hash.update(`${part.length}|`).update(part);
  return hash.digest('hex');
}
