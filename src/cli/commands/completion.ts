import { Argument, type Command } from 'commander';
import { exits } from '../exits.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  readonly config?: string;
  readonly url?: string;
}

export function completion(root: Command, terminal: Terminal): void {
  root
    .command('completion')
    .description('Prints a script for the shell: source <(lamplighter completion bash).')
    .addArgument(new Argument('<shell>', 'for which').choices(['bash', 'zsh']))
    .action(async (shell: 'bash' | 'zsh') => {
      const [{ treeOf }, { bashScript }, { zshScript }] = await Promise.all([
        import('../tree.ts'),
        import('../completion/bash.ts'),
        import('../completion/zsh.ts'),
      ]);
      terminal.mayBeCut();
      terminal.out((shell === 'bash' ? bashScript : zshScript)(treeOf(root)));
      terminal.exit(exits.ok);
    });
  // what those scripts ask; a person has `ext` and `subs`
  root
    .command('complete', { hidden: true })
    .addArgument(new Argument('<what>').choices(['ext', 'id', 'vendor']))
    .option('-c, --config <file>')
    .option('--url <url>')
    .action(async (what: 'ext' | 'id' | 'vendor', options: Options) => {
      const { candidates } = await import('../completion/candidates.ts');
      terminal.mayBeCut();
      const found = await candidates(what, options, terminal.environment);
      terminal.out(found.map((text) => `${text}\n`).join(''));
      terminal.exit(exits.ok);
    });
}
