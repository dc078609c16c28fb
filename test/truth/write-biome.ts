// `npm run rooms`: writes biome.json from the table in rooms.ts.
import { writeFileSync } from 'node:fs';
import { biomeText } from './rooms.ts';

writeFileSync('biome.json', biomeText());
