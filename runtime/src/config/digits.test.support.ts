import { Ajv } from 'ajv';
import type { ConfigDefinition, SchemaValidator } from './definition.js';
import type { JsonSchema } from './json-schema.js';
import { settingsOf } from './settings.js';

/** A small project's schema, as the compiler would write it. */
const schema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    seed: {
      type: ['integer', 'null'],
      minimum: 0,
      default: null,
      description: 'Seed of every random generator.',
    },
    trainer: {
      type: 'object',
      description: 'Settings of the trainer. They are plain data.',
      additionalProperties: false,
      default: {},
      properties: {
        maxEpochs: {
          type: ['integer', 'null'],
          minimum: -1,
          default: null,
          description: 'Epochs to train; -1 is no limit.',
        },
        limitTrainBatches: { type: 'number', minimum: 0, default: 1 },
        fastDevRun: { type: ['boolean', 'integer'], default: false },
        logEveryNSteps: { type: 'integer', minimum: 1, default: 50 },
        gradientClipAlgorithm: { enum: ['norm', 'value', null], default: null },
        precision: { enum: [64, 32, '64', '32', 'bf16', '16-mixed'], default: 32 },
        defaultRootDir: { type: 'string', default: '.' },
        accumulateGradBatches: {
          anyOf: [
            { type: 'integer', minimum: 1 },
            {
              type: 'object',
              propertyNames: { pattern: '^[0-9]+$' },
              additionalProperties: { type: 'integer', minimum: 1 },
            },
          ],
          default: 1,
        },
      },
    },
    model: {
      type: 'object',
      additionalProperties: false,
      default: {},
      required: ['inputSize'],
      properties: {
        inputSize: { type: 'integer', minimum: 1 },
        learningRate: {
          type: 'number',
          exclusiveMinimum: 0,
          default: 0.001,
          description: 'Peak learning rate.',
        },
        hiddenSizes: { type: 'array', items: { type: 'integer', minimum: 1 }, default: [64, 32] },
        name: { type: 'string', default: 'net' },
        layers: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['units'],
            properties: {
              units: { type: 'integer' },
              activation: { enum: ['relu', 'tanh'], default: 'relu' },
            },
          },
          default: [],
        },
        encoder: {
          type: 'object',
          additionalProperties: false,
          default: {},
          properties: {
            depth: { type: 'integer', default: 2 },
            dropout: { type: 'number', maximum: 1, default: 0 },
          },
        },
      },
    },
  },
};

export interface DigitsConfig {
  seed: number | null;
  trainer: Record<string, unknown> & { maxEpochs: number | null };
  model: Record<string, unknown> & { inputSize: number };
}

const ajv = new Ajv({ useDefaults: true, allErrors: true, allowUnionTypes: true });

export const digits: ConfigDefinition<DigitsConfig> = {
  schema,
  validate: ajv.compile(schema) as unknown as SchemaValidator<DigitsConfig>,
  settings: settingsOf(schema),
};
