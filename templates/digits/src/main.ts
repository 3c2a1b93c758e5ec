import { main } from '@pl-ts/runtime';
import { DigitsData } from './data.js';
import { config } from './generated/config.js';
import './generated/fit-loop.js';
import { DigitsClassifier } from './model.js';

await main({ model: DigitsClassifier, data: DigitsData, config });
