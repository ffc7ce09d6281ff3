export * from './packages/contract/dist/index.js'
