import { accessSync, constants, existsSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import Generator from 'yeoman-generator';
import { frameworkPackages, type ProjectPlace } from './framework-packages.js';
import { GeneratorError } from './generator-error.js';
import { checkOptionNames, flagOption, textOption } from './options.js';
import {
  checkInstalled,
  checkPackageManager,
  type PackageManager,
  packageManagers,
  runScript,
  runWithFlags,
} from './package-manager.js';
import { checkName, folderFromName, nameFromFolder, nameProblem } from './project-name.js';
import { isFree, resolveTarget } from './target-folder.js';
import { checkTemplate, packageRoot, templateFiles, templates } from './templates.js';

interface Answers {
  name: string;
  template: string;
  packageManager: string;
}

/** `yo pl [directory]`: writes a training project, installs it and says what to run next. */
export default class AppGenerator extends Generator {
  declare options: Generator['options'] & Record<string, unknown>;

  #name = '';
  #template = '';
  #packageManager: PackageManager = 'npm';
  #target = '';
  #framework: Record<'runtime' | 'transformer', string> | undefined;

  constructor(...[args, options, features]: ConstructorParameters<typeof Generator>) {
    // The install step below is the only one: it knows the package manager and the folder.
    super(args, options, { ...features, customInstallTask: true });
    this.description = 'Writes a training project: a model, its data, a configuration and a test.';
    this.argument('directory', {
      type: String,
      required: false,
      description: "the project's folder, inside the current one",
    });
    this.option('name', { type: String, description: 'name in package.json (default: from the folder)' });
    this.option('template', { type: String, description: `one of: ${templates().join(', ')}` });
    this.option('package-manager', { type: String, description: packageManagers.join(', ') });
    this.option('defaults', { type: Boolean, description: 'ask nothing' });
    this.option('skip-git', { type: Boolean, description: 'do not make a git repository' });
    this.option('force', { type: Boolean, alias: 'f', description: 'overwrite files that already exist' });
    this.option('link', {
      type: Boolean,
      description: 'depend on the checkout that this generator runs from',
    });
    this.option('runtime', {
      type: String,
      description: 'where @pl-ts/runtime comes from: a range or a tarball',
    });
    this.option('transformer', { type: String, description: 'the same for @pl-ts/transformer' });
  }

  /** Whether questions can be asked: there is a person at a terminal and nobody said `--defaults`. */
  #isInteractive(): boolean {
    return (
      !flagOption(this.options, 'defaults') && process.stdin.isTTY === true && process.stdout.isTTY === true
    );
  }

  initializing() {
    if (this.args.length > 1) {
      throw new GeneratorError(
        `There is one folder to give, not ${this.args.length}.`,
        `Usage: yo pl [directory]`,
      );
    }
    checkOptionNames(this.options, this._options);
    const name = textOption(this.options, 'name');
    if (name !== undefined) checkName(name);
    const template = textOption(this.options, 'template');
    if (template !== undefined) checkTemplate(template);
    const packageManager = textOption(this.options, 'package-manager');
    if (packageManager !== undefined) checkPackageManager(packageManager);
    const directory = textOption(this.options, 'directory');
    if (directory !== undefined) this.#checkTarget(directory);
  }

  async prompting() {
    const directory = textOption(this.options, 'directory');
    const given: Partial<Answers> = withoutUndefined({
      name: textOption(this.options, 'name'),
      template: textOption(this.options, 'template'),
      packageManager: textOption(this.options, 'package-manager'),
    });
    const fallback: Answers = {
      name:
        directory === undefined
          ? 'digits'
          : nameFromFolder(basename(resolveTarget(this.env.cwd, directory)), 'digits'),
      template: 'digits',
      packageManager: 'npm',
    };
    const answers = {
      ...fallback,
      ...given,
      ...(this.#isInteractive() ? await this.#ask(given, fallback) : {}),
    };

    this.#name = checkName(answers.name);
    this.#template = checkTemplate(answers.template);
    this.#packageManager = checkPackageManager(answers.packageManager);
    this.#target = this.#checkTarget(directory ?? folderFromName(this.#name));
  }

  configuring() {
    const target = this.#target;
    const packageManager = this.#packageManager;
    const place: ProjectPlace = { packageRoot, cwd: this.env.cwd, target, packageManager };
    this.#framework = frameworkPackages(place, {
      link: flagOption(this.options, 'link'),
      runtime: textOption(this.options, 'runtime'),
      transformer: textOption(this.options, 'transformer'),
    });
    if (!flagOption(this.options, 'skip-install')) checkInstalled(packageManager);
  }

  writing() {
    this.destinationRoot(this.#target);
    const values = {
      name: this.#name,
      ...this.#framework,
      install: `${this.#packageManager} install`,
      run: (script: string) => runScript(this.#packageManager, script),
      flag: (script: string, flags: string) => runWithFlags(this.#packageManager, script, flags),
    };
    for (const { source, destination, hasPlaceholders } of templateFiles(this.#template)) {
      if (hasPlaceholders) this.fs.copyTpl(source, this.destinationPath(destination), values);
      else this.fs.copy(source, this.destinationPath(destination));
    }
    if (this.#packageManager === 'yarn') {
      // The runtime brings native code, and `pl` looks for packages on disk.
      this.fs.write(this.destinationPath('.yarnrc.yml'), 'nodeLinker: node-modules\n');
    }
  }

  async install() {
    if (flagOption(this.options, 'skip-install')) return;
    this.log(`\n${this.#packageManager} install`);
    const { exitCode } = await this.spawn(this.#packageManager, ['install'], {
      cwd: this.#target,
      reject: false,
    });
    if (exitCode === 0) return;
    throw new GeneratorError(
      `${this.#packageManager} install failed in ${this.#target}: its own message is above.`,
      `The project itself is complete. Mend the cause, then run ${this.#packageManager} install there.`,
    );
  }

  async end() {
    if (!flagOption(this.options, 'skip-git')) await this.#makeRepository();
    const folder = relative(process.cwd(), this.#target);
    const steps = [
      ...(folder === '' ? [] : [`cd ${folder}`]),
      ...(flagOption(this.options, 'skip-install') ? [`${this.#packageManager} install`] : []),
      ...['build', 'train', 'test'].map((script) => runScript(this.#packageManager, script)),
    ];
    this.log(`\n${this.#name} is ready. Next:\n\n${steps.map((step) => `  ${step}`).join('\n')}\n`);
  }

  #ask(given: Partial<Answers>, fallback: Answers): Promise<Partial<Answers>> {
    return this.prompt<Answers>([
      {
        type: 'input',
        name: 'name',
        message: 'Name of the project',
        default: fallback.name,
        validate: (name: string) => nameProblem(name) ?? true,
        when: given.name === undefined,
      },
      {
        type: 'select',
        name: 'template',
        message: 'Template',
        choices: templates(),
        default: fallback.template,
        when: given.template === undefined && templates().length > 1,
      },
      {
        type: 'select',
        name: 'packageManager',
        message: 'Package manager',
        choices: [...packageManagers],
        default: fallback.packageManager,
        when: given.packageManager === undefined,
      },
    ]);
  }

  #checkTarget(directory: string): string {
    const target = resolveTarget(this.env.cwd, directory);
    // A person is asked file by file before anything is overwritten; a script is told to say so.
    if (!isFree(target) && !flagOption(this.options, 'force') && !this.#isInteractive()) {
      throw new GeneratorError(
        `${target} already has files in it.`,
        'Choose another folder, or pass --force to overwrite what the template also has.',
      );
    }
    checkWritable(target);
    return target;
  }

  async #makeRepository() {
    const git = (...args: string[]) =>
      this.spawn('git', args, { cwd: this.#target, stdio: 'ignore', reject: false });
    if ((await git('rev-parse', '--is-inside-work-tree')).exitCode === 0) return;
    if ((await git('init', '--quiet')).exitCode !== 0)
      this.log('git does not run here: no repository was made.');
  }
}

function checkWritable(target: string) {
  const existing = nearestExisting(target);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    throw new GeneratorError(
      `${existing} cannot be written by this user${process.getuid === undefined ? '' : ` (uid ${process.getuid()})`}.`,
      'Choose a folder of your own. Started as root, yo gives up its rights: run it as an ordinary user.',
    );
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

function withoutUndefined<T extends object>(record: { [Key in keyof T]: T[Key] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>;
}
