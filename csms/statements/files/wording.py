"""The words on a statement, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "pt", "de", "es", "fr")

_WORDS: Final[Mapping[str, tuple[str, str, str, str, str]]] = {
    "statement": ("Statement", "Extrato", "Abrechnung", "Extracto", "Relevé"),
    "correction": ("Correction", "Retificação", "Korrektur", "Rectificación", "Rectification"),
    "draft": ("Draft", "Rascunho", "Entwurf", "Borrador", "Brouillon"),
    "number": ("Number", "Número", "Nummer", "Número", "Numéro"),
    "date": ("Date", "Data", "Datum", "Fecha", "Date"),
    "month": ("Month", "Mês", "Monat", "Mes", "Mois"),
    "site": ("Site", "Local", "Standort", "Ubicación", "Site"),
    "user": ("User", "Utilizador", "Nutzer", "Usuario", "Utilisateur"),
    "users": ("Users", "Utilizadores", "Nutzer", "Usuarios", "Utilisateurs"),
    "charge_point": (
        "Charge point", "Carregador", "Ladestation", "Punto de carga", "Borne",
    ),
    "charge_points": (
        "Charge points", "Carregadores", "Ladestationen", "Puntos de carga", "Bornes",
    ),
    "to": ("To", "Para", "An", "Para", "À"),
    "tax_number": ("Tax number", "NIF", "Steuernummer", "NIF", "Numéro fiscal"),
    "bank": ("Bank", "Banco", "Bank", "Banco", "Banque"),
    "tariff": ("Tariff", "Tarifa", "Tarif", "Tarifa", "Tarif"),
    "no_tariff": ("Without a tariff", "Sem tarifa", "Ohne Tarif", "Sin tarifa", "Sans tarif"),
    "period": ("Period", "Período", "Zeitraum", "Periodo", "Période"),
    "section": ("Section", "Secção", "Abschnitt", "Sección", "Section"),
    "quantity": ("Quantity", "Quantidade", "Menge", "Cantidad", "Quantité"),
    "unit": ("Unit", "Unidade", "Einheit", "Unidad", "Unité"),
    "unit_price": (
        "Unit price", "Preço unitário", "Einzelpreis", "Precio unitario", "Prix unitaire",
    ),
    "vat": ("VAT", "IVA", "USt.", "IVA", "TVA"),
    "amount": ("Amount", "Valor", "Betrag", "Importe", "Montant"),
    "net": ("Net", "Líquido", "Netto", "Neto", "HT"),
    "gross": ("Gross", "Total com IVA", "Brutto", "Total con IVA", "TTC"),
    "total": ("Total", "Total", "Summe", "Total", "Total"),
    "energy": ("Energy", "Energia", "Energie", "Energía", "Énergie"),
    "currency": ("Currency", "Moeda", "Währung", "Moneda", "Devise"),
    "incl_vat": ("with VAT", "com IVA", "mit USt.", "con IVA", "TTC"),
    "excl_vat": ("without VAT", "sem IVA", "ohne USt.", "sin IVA", "HT"),
    "no_vat": ("no VAT", "sem IVA", "ohne USt.", "sin IVA", "sans TVA"),
    "transactions": (
        "Transactions", "Carregamentos", "Ladevorgänge", "Recargas", "Recharges",
    ),
    "transaction": ("Transaction", "Carregamento", "Ladevorgang", "Recarga", "Recharge"),
    "start": ("Start", "Início", "Beginn", "Inicio", "Début"),
    "end": ("End", "Fim", "Ende", "Fin", "Fin"),
    "unpriced": ("unpriced", "sem preço", "ohne Preis", "sin precio", "sans prix"),
    "unpriced_note": (
        "Not everything has a price yet: the totals are those of what has one.",
        "Ainda falta preço em parte: os totais são apenas do que tem preço.",
        "Noch hat nicht alles einen Preis: Die Summen gelten nur für das, was einen hat.",
        "Falta el precio de una parte: los totales son solo de lo que lo tiene.",
        "Tout n'a pas encore de prix : les totaux ne portent que sur ce qui en a un.",
    ),
    "pending": (
        "Not in this statement", "Não incluídos neste extrato", "Nicht in dieser Abrechnung",
        "No incluidas en este extracto", "Non comprises dans ce relevé",
    ),
    "running": ("still runs", "ainda decorre", "läuft noch", "en curso", "en cours"),
    "not_priced": (
        "not priced yet", "ainda sem preço", "noch nicht bepreist", "aún sin precio",
        "pas encore chiffrée",
    ),
    "nobody": ("Nobody known", "Desconhecido", "Unbekannt", "Desconocido", "Inconnu"),
    "alone_note": (
        "Amounts of single transactions are rounded alone; the sum of each period is owed.",
        "Os valores de cada carregamento são arredondados por si; é devida a soma do período.",
        "Beträge einzelner Ladevorgänge sind für sich gerundet; geschuldet ist die Periodensumme.",
        "Los importes de cada recarga se redondean por separado; se debe la suma de cada periodo.",
        "Les montants par recharge sont arrondis séparément ; est due la somme de chaque période.",
    ),
    "quantity_note": (
        "Quantities are printed rounded to 0.001; sums and amounts are of the exact ones (CSV).",
        "As quantidades são impressas arredondadas a 0,001; somas e valores são das exatas (CSV).",
        "Mengen sind auf 0,001 gerundet gedruckt; Summen und Beträge gelten den genauen (CSV).",
        "Cantidades impresas redondeadas a 0,001; sumas e importes son los de las exactas (CSV).",
        "Quantités imprimées arrondies à 0,001 ; sommes et montants sont ceux des exactes (CSV).",
    ),
    "exceeded_note": (
        "The chargers counted more than the supplier's meter: check the bill and the meters",
        "Os carregadores contaram mais do que o fornecedor: verifique a fatura e os contadores",
        "Die Ladepunkte zählten mehr als der Zähler des Lieferanten: Rechnung und Zähler prüfen",
        "Los cargadores contaron más que el proveedor: compruebe la factura y los contadores",
        "Les bornes ont compté plus que le compteur du fournisseur : vérifiez facture et compteurs",
    ),
    "market_note": (
        "Mean of the market prices.", "Média dos preços de mercado.", "Mittel der Marktpreise.",
        "Media de los precios de mercado.", "Moyenne des prix du marché.",
    ),
    "corrects": (
        "Takes the place of", "Substitui", "Ersetzt", "Sustituye a", "Remplace",
    ),
    "reason": ("Reason", "Motivo", "Grund", "Motivo", "Motif"),
    "before": ("Before", "Antes", "Bisher", "Antes", "Avant"),
    "difference": ("Difference", "Diferença", "Differenz", "Diferencia", "Différence"),
    "cost_split": (
        "Supplier's bill, shared", "Repartição da fatura do fornecedor",
        "Aufteilung der Lieferantenrechnung", "Reparto de la factura del proveedor",
        "Répartition de la facture du fournisseur",
    ),
    "share": ("Share", "Quota", "Anteil", "Cuota", "Part"),
    "charged": ("By tariff", "Pela tarifa", "Nach Tarif", "Según tarifa", "Selon tarif"),
    "rest": (
        "Losses and common use", "Perdas e uso comum", "Verluste und Gemeinschaft",
        "Pérdidas y uso común", "Pertes et usage commun",
    ),
    "supplier": ("Supplier's bill", "Fatura do fornecedor", "Lieferantenrechnung",
                 "Factura del proveedor", "Facture du fournisseur"),
    "by_energy": ("by energy", "por energia", "nach Energie", "por energía", "selon l'énergie"),
    "equally": ("equally", "em partes iguais", "zu gleichen Teilen", "a partes iguales",
                "à parts égales"),
    "common": ("in common", "em comum", "gemeinschaftlich", "en común", "en commun"),
    "prepaid": (
        "Paid from the prepaid account", "Pago da conta pré-paga", "Vom Guthaben bezahlt",
        "Pagado de la cuenta prepago", "Payé sur le compte prépayé",
    ),
    "to_pay": ("To pay", "A pagar", "Zu zahlen", "A pagar", "À payer"),
    "page": ("Page", "Página", "Seite", "Página", "Page"),
    "of": ("of", "de", "von", "de", "sur"),
    "hour": ("h", "h", "h", "h", "h"),
    "ENERGY": ("Energy", "Energia", "Energie", "Energía", "Énergie"),
    "TIME": ("Charging time", "Tempo de carga", "Ladezeit", "Tiempo de carga", "Temps de charge"),
    "PARKING_TIME": ("Parking", "Estacionamento", "Standzeit", "Estacionamiento", "Stationnement"),
    "FLAT": (
        "Per transaction", "Por carregamento", "Je Ladevorgang", "Por recarga", "Par recharge",
    ),
    "STEP": ("Rounding up", "Arredondamento", "Aufrundung", "Redondeo", "Arrondi"),
    "MINIMUM": ("To the minimum", "Até ao mínimo", "Bis zum Minimum", "Hasta el mínimo",
                "Jusqu'au minimum"),
    "MAXIMUM": ("Above the maximum", "Acima do máximo", "Über dem Maximum", "Sobre el máximo",
                "Au-delà du maximum"),
    "MONTHLY_BASE": ("Base fee", "Termo fixo", "Grundgebühr", "Cuota fija", "Abonnement"),
    "no_readings": (
        "nothing was read on the way: energy spread evenly",
        "sem leituras intermédias: energia repartida por igual",
        "unterwegs nichts abgelesen: Energie gleichmäßig verteilt",
        "sin lecturas intermedias: energía repartida por igual",
        "aucun relevé intermédiaire : énergie répartie également",
    ),
    "readings_far_apart": (
        "readings more than an hour apart", "leituras com mais de uma hora de intervalo",
        "Ablesungen mehr als eine Stunde auseinander", "lecturas con más de una hora de intervalo",
        "relevés espacés de plus d'une heure",
    ),
    "readings_incomplete": (
        "some energy flowed while nothing was read", "parte da energia sem leituras",
        "ein Teil der Energie ohne Ablesung", "parte de la energía sin lecturas",
        "une partie de l'énergie sans relevé",
    ),
    "readings_disagree": (
        "readings were scaled to the energy", "leituras ajustadas à energia",
        "Ablesungen an die Energie angepasst", "lecturas ajustadas a la energía",
        "relevés ajustés à l'énergie",
    ),
    "register_fell": (
        "the register fell or restarted", "o contador recuou ou reiniciou",
        "der Zähler sprang zurück", "el contador retrocedió o se reinició",
        "le compteur a reculé ou redémarré",
    ),
}  # fmt: skip

_MONTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "pt": (
        "janeiro", "fevereiro", "março", "abril", "maio", "junho",
        "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
    ),
    "de": (
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    ),
    "es": (
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ),
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
}  # fmt: skip
_MONTH_OF_YEAR: Final[Mapping[str, str]] = {
    "en": "{} {}",
    "pt": "{} de {}",
    "de": "{} {}",
    "es": "{} de {}",
    "fr": "{} {}",
}


class Wording:
    """Words in one language; what has no translation (a name, a flag) is returned as it is."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._at = LANGUAGES.index(language)

    def __call__(self, word: str) -> str:
        known = _WORDS.get(word)
        return word if known is None else known[self._at]

    def month(self, year: int, month: int) -> str:
        """Write a month of a year."""
        name = _MONTHS[self.language][month - 1]
        return _MONTH_OF_YEAR[self.language].format(name, year)
