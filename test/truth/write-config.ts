// `npm run generate`: writes what config/ and docs/ have of the code.
import { writeFileSync } from 'node:fs';
import { generated } from './generated.ts';

for (const [path, text] of Object.entries(generated())) writeFileSync(path, text);
