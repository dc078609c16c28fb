import { asteriskFiles, asteriskLog, certificateFile, secretFiles } from './files.ts';
import { freeswitchDialplan, freeswitchHook } from './freeswitch.ts';
import { portShared, portsFree, secondLamplighter } from './ports.ts';
import type { HostCheck } from './seen.ts';
import { clock, firewall, socketBuffers } from './system.ts';

/** What only this host can tell, in the order it is told. A new check is one function, and a line here. */
export const hostChecks: readonly HostCheck[] = [
  portsFree,
  portShared,
  secondLamplighter,
  clock,
  socketBuffers,
  firewall,
  secretFiles,
  certificateFile,
  asteriskLog,
  asteriskFiles,
  freeswitchDialplan,
  freeswitchHook,
];
