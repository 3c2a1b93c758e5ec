import { Node, SyntaxKind } from 'ts-morph';
import { IncompleteModule } from '../diagnostics/incomplete-module.js';
import type { Check } from './check.js';

/** `trainer.fit(model)` with a module that cannot be trained. */
export const checkFitCalls: Check = ({ files, classes, runtime }) =>
  files
    .flatMap((file) => file.getDescendantsOfKind(SyntaxKind.CallExpression))
    .flatMap((call) => {
      const callee = call.getExpression();
      const [model] = call.getArguments();
      if (!Node.isPropertyAccessExpression(callee) || callee.getName() !== 'fit' || model === undefined)
        return [];
      const fit = callee.getNameNode().getSymbol();
      if (!fit?.getDeclarations().some((declaration) => runtime.declares(declaration))) return [];
      const symbol = model.getType().getSymbol();
      const given = classes.find(
        ({ kind, declaration }) => kind === 'module' && declaration.getSymbol() === symbol,
      );
      if (given === undefined || given.hiddenBase !== undefined || given.declaration.isAbstract()) return [];
      const missing = ['training_step', 'configure_optimizers'].filter((hook) => !given.hooks.has(hook));
      return missing.length === 0 ? [] : [new IncompleteModule(model, given.name, missing)];
    });
