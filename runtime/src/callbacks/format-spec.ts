const specification =
  /^(?:(?<fill>.)?(?<align>[<>^=]))?(?<sign>[-+ ])?(?<zero>0)?(?<width>\d+)?(?<grouping>[,_])?(?:\.(?<precision>\d+))?(?<type>[deEfFgG%n])?$/su;

/**
 * A number by Python's format specification (`.2f`, `03d`, `5.1f`, `.3e`, `.2%`, `,`, …), rounded as Python rounds:
 * the exact binary value, ties to even.
 *
 * @param isCount whether the number counts something, so that without a type it is written without a decimal point
 * @returns undefined when `spec` is no such specification, or asks for `d` of a number that is not whole
 * @see https://docs.python.org/3/library/string.html#format-specification-mini-language
 */
export function formatSpec(value: number, spec: string, isCount = false): string | undefined {
  const groups = specification.exec(spec)?.groups;
  if (groups === undefined) return undefined;
  const precision = groups.precision === undefined ? undefined : Number(groups.precision);
  const type = groups.type ?? (isCount ? 'd' : '');
  if (type === 'd' && (precision !== undefined || !Number.isInteger(value))) return undefined;
  if ((precision ?? 0) > 100) return undefined;

  const negative = value < 0 || Object.is(value, -0);
  const sign = negative ? '-' : groups.sign === '+' || groups.sign === ' ' ? groups.sign : '';
  const digits = grouped(magnitude(Math.abs(value), type, precision), groups.grouping);
  const width = Number(groups.width ?? 0);
  const fill = groups.fill ?? (groups.zero ? '0' : ' ');
  const missing = fill.repeat(Math.max(0, width - sign.length - digits.length));
  switch (groups.align ?? (groups.zero ? '=' : '>')) {
    case '<':
      return sign + digits + missing;
    case '^': {
      const left = Math.floor(missing.length / 2);
      return missing.slice(0, left) + sign + digits + missing.slice(left);
    }
    case '=':
      return sign + missing + digits;
    default:
      return missing + sign + digits;
  }
}

function magnitude(value: number, type: string, given: number | undefined): string {
  const precision = given ?? 6;
  if (!Number.isFinite(value)) {
    const text = Number.isNaN(value) ? 'nan' : 'inf';
    return (/[EFG]/.test(type) ? text.toUpperCase() : text) + (type === '%' ? '%' : '');
  }
  switch (type) {
    case 'd':
      return wholeDigits(value);
    case '':
      return given === undefined ? formatFloat(value) : asFloat(general(value, Math.max(1, given), 1));
    case '%':
      return `${fixed(value * 100, precision)}%`;
    case 'f':
    case 'F':
      return fixed(value, precision);
    case 'e':
    case 'E':
      return withCase(exponential(value, precision), type);
    default:
      return withCase(general(value, Math.max(1, precision)), type);
  }
}

const withCase = (text: string, type: string) => (type === 'E' || type === 'G' ? text.toUpperCase() : text);

const wholeDigits = (value: number) => BigInt(value).toString();

function fixed(value: number, precision: number): string {
  if (value >= 2 ** 53) return wholeDigits(value) + (precision > 0 ? `.${'0'.repeat(precision)}` : '');
  return tiesToEven(value.toFixed(precision), value.toFixed(100), precision);
}

function exponential(value: number, precision: number): string {
  const [rounded, power] = value.toExponential(precision).split('e') as [string, string];
  const [exact, exactPower] = value.toExponential(100).split('e') as [string, string];
  const mantissa = power === exactPower ? tiesToEven(rounded, exact, precision) : rounded;
  return twoDigitExponent(`${mantissa}e${power}`);
}

/**
 * JavaScript rounds a number half way between two others up, Python to the even one.
 *
 * @param rounded the number as JavaScript rounds it
 * @param exact the number with 100 decimals
 */
function tiesToEven(rounded: string, exact: string, precision: number): string {
  const end = exact.indexOf('.') + 1 + precision;
  if (!/^50*$/.test(exact.slice(end))) return rounded;
  const below = exact.slice(0, end).replace(/\.$/, '');
  return /[02468]$/.test(below) ? below : rounded;
}

const twoDigitExponent = (text: string) => text.replace(/e([-+])(\d)$/, 'e$10$2');

/** @param decimals at least so many of the digits have to be decimals, else there is an exponent */
function general(value: number, precision: number, decimals = 0): string {
  const exponent = Number(value.toExponential(precision - 1).split('e')[1]);
  if (exponent < -4 || exponent >= precision - decimals) {
    const [digits, power] = exponential(value, precision - 1).split('e');
    return `${withoutTrailingZeros(digits!)}e${power}`;
  }
  return withoutTrailingZeros(fixed(value, Math.max(0, precision - 1 - exponent)));
}

const withoutTrailingZeros = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

const asFloat = (text: string) => (/[.e]/.test(text) ? text : `${text}.0`);

function grouped(text: string, separator: string | undefined): string {
  if (separator === undefined) return text;
  return text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, separator));
}

/** The shortest text that reads back as the same number, always recognisable as a float: `2.0`, `1e-05`. */
function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return twoDigitExponent(value.toExponential());
  return Object.is(value, -0) ? '-0.0' : asFloat(text);
}
