import { render } from 'preact';
import { App } from './app.tsx';
import './css/base.css';
import './css/shell.css';
import './css/grid.css';
import './css/views.css';
import './css/ladder.css';
import './css/setup.css';
import { startKeyboard } from './data/keyboard.ts';
import { startLive } from './data/live.ts';
import { startClock } from './data/session.ts';
import { startTheme } from './data/theme.ts';

startTheme();
startClock();
startKeyboard();
startLive();
render(<App />, document.getElementById('app') ?? document.body);
