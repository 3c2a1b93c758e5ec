import { Node, SyntaxKind, type Type } from 'ts-morph';
import type { LightningClass } from './lightning-class.js';

/** What a module has in its properties that could be trained. */
export interface Holdings {
  /** Whether `parameters()` may find something. True wherever it cannot be told. */
  readonly mayHold: boolean;
  /** Private fields that may hold something, which `parameters()` does not find. */
  readonly outOfReach: readonly string[];
}

/** Looks for layers, models and variables in the types of a module's properties. */
export function holdingsOf({ declaration, bases, hiddenBase }: LightningClass): Holdings {
  const chain = [declaration, ...bases];
  const properties = chain.flatMap((one) => one.getInstanceProperties());
  const [hidden, reachable] = [properties.filter(isHashed), properties.filter((one) => !isHashed(one))];
  const hparams = declaration.getType().getProperty('hparams')?.getTypeAtLocation(declaration);
  return {
    mayHold:
      hiddenBase !== undefined ||
      chain.some(handsItselfOut) ||
      reachable.some((property) => mayHold(property.getType(), property)) ||
      // Without a declared type nobody could get at what is in there.
      (hparams !== undefined && hparams.getProperties().length > 0 && mayHold(hparams, declaration)),
    outOfReach: hidden
      .filter((property) => mayHold(property.getType(), property))
      .map((property) => property.getName()),
  };
}

const isHashed = (property: Node) =>
  Node.isPropertyDeclaration(property) && Node.isPrivateIdentifier(property.getNameNode());

/** Whether something else than `this.name` happens to `this`: who gets it may add properties. */
function handsItselfOut(declaration: Node): boolean {
  return declaration
    .getDescendantsOfKind(SyntaxKind.ThisKeyword)
    .some((self) => !Node.isPropertyAccessExpression(self.getParent()));
}

/** Objects that hold numbers, texts and the like, and nothing of tfjs. */
const plain =
  /^(Date|RegExp|Set|ReadonlySet|ArrayBuffer|(Bigu|Bigi|Ui|I)nt\d+(Clamped)?Array|Float\d+Array)$/;

/** Whether a value of that type may be a layer, a model or a variable, or hold one. */
function mayHold(type: Type, place: Node, depth = 0): boolean {
  if (type.isUnion()) return type.getUnionTypes().some((member) => mayHold(member, place, depth));
  if (isScalar(type) || type.getCallSignatures().length > 0) return false;
  if (!type.isObject() || depth > 4) return true;
  if (type.isArray() || type.isReadonlyArray())
    return mayHold(type.getArrayElementTypeOrThrow(), place, depth + 1);
  if (type.isTuple()) return type.getTupleElements().some((member) => mayHold(member, place, depth + 1));
  const name = type.getSymbol()?.getName() ?? '';
  if (plain.test(name)) return false;
  if (/^(Readonly)?Map$/.test(name))
    return type.getTypeArguments().some((argument) => mayHold(argument, place, depth + 1));
  return (
    !isRecord(type) ||
    type.getProperties().some((property) => mayHold(property.getTypeAtLocation(place), place, depth + 1))
  );
}

function isScalar(type: Type): boolean {
  return (
    type.isString() ||
    type.isNumber() ||
    type.isBoolean() ||
    type.isBigInt() ||
    type.isLiteral() ||
    type.isTemplateLiteral() ||
    type.isNull() ||
    type.isUndefined() ||
    type.isVoid() ||
    type.isNever()
  );
}

/** Whether a type is data with names and nothing else: what has methods may hide more than it shows. */
function isRecord(type: Type): boolean {
  if (type.isClass() || type.getStringIndexType() !== undefined || type.getNumberIndexType() !== undefined)
    return false;
  const properties = type.getProperties();
  return (
    properties.length > 0 &&
    properties.every((property) =>
      property
        .getDeclarations()
        .every((declared) => !Node.isMethodDeclaration(declared) && !Node.isMethodSignature(declared)),
    )
  );
}
