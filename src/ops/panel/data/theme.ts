import { signal } from '@preact/signals';

export const themes = ['auto', 'light', 'dark'] as const;

export type Theme = (typeof themes)[number];

const key = 'lamplighter-theme';

/** `auto`: as the system has it. */
export const theme = signal<Theme>(themes.find((one) => one === localStorage.getItem(key)) ?? 'auto');

export function startTheme(): void {
  theme.subscribe((chosen) => {
    document.documentElement.dataset['theme'] = chosen;
    if (chosen === 'auto') localStorage.removeItem(key);
    else localStorage.setItem(key, chosen);
  });
}
