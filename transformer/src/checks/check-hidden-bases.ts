import { HiddenBase } from '../diagnostics/hidden-base.js';
import type { Check } from './check.js';

export const checkHiddenBases: Check = ({ classes }) =>
  classes.flatMap(({ kind, name, hiddenBase }) =>
    kind === 'module' && hiddenBase !== undefined
      ? [new HiddenBase(hiddenBase, name, hiddenBase.getText())]
      : [],
  );
