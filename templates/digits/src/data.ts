import {
  ArrayDataset,
  type BatchDataset,
  DataLoader,
  Hook,
  Hparams,
  LightningDataModule,
  randomSplit,
  readNumericCsv,
  type tf,
} from '@pl-ts/runtime';

/** One batch: `images [batch, 8, 8, 1]` with pixels from 0 to 1, `labels [batch]` with classes from 0 to 9. */
export interface DigitBatch {
  images: tf.Tensor4D;
  labels: tf.Tensor1D;
}

/** The settings of the data. Each is `data.<name>` in config.yaml, on the command line and in the environment. */
export interface DigitsDataHparams {
  /** The file with the images: 64 pixels and a label in each line. @default data/digits.csv.gz */
  path?: string;
  /** Images per batch. @type integer @minimum 1 @default 64 */
  batchSize?: number;
  /** The same number gives the same parts for training, validation and test. @type integer @minimum 0 @default 0 */
  splitSeed?: number;
}

const PIXELS = 64;

/** Handwritten digits: 70 % to train on, 10 % to validate on, 20 % held out for the test. */
export class DigitsData extends LightningDataModule<DigitsDataHparams> {
  #train!: BatchDataset<unknown, DigitBatch>;
  #val!: BatchDataset<unknown, DigitBatch>;
  #test!: BatchDataset<unknown, DigitBatch>;

  constructor(@Hparams hparams: DigitsDataHparams = {}) {
    super(hparams);
  }

  @Hook('setup')
  async load() {
    const table = await readNumericCsv(this.hparams.path);
    const images = table.slice(0, PIXELS).map((ink) => ink / 16);
    const labels = Int32Array.from(table.column(PIXELS));
    const digits = new ArrayDataset({ images: { data: images, shape: [table.rows, 8, 8, 1] }, labels });
    [this.#train, this.#val, this.#test] = randomSplit(digits, [0.7, 0.1, 0.2], this.hparams.splitSeed);
  }

  @Hook('train_dataloader')
  trainLoader() {
    return new DataLoader(this.#train, { batchSize: this.hparams.batchSize, shuffle: true });
  }

  @Hook('val_dataloader')
  valLoader() {
    return new DataLoader(this.#val, { batchSize: this.hparams.batchSize });
  }

  @Hook('test_dataloader')
  testLoader() {
    return new DataLoader(this.#test, { batchSize: this.hparams.batchSize });
  }

  @Hook('predict_dataloader')
  predictLoader() {
    return this.testLoader();
  }
}
