import { parentPort, workerData } from 'node:worker_threads';
import { inspectNow } from './integrity.ts';

parentPort?.postMessage(inspectNow(String(workerData)));
