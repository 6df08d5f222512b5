export { SqliteVault, type VaultStatus } from './sqlite.vault.js';
export { VaultKeyError } from './key.file.js';
