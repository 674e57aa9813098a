export { type ContractStorage, storageContract, type StorageContractOptions } from './testing/storage-contract.ts'
